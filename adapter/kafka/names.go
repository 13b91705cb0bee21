package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"
)

// named is the topic that a name stands for, or why there is none.
type named struct {
	topic string
	err   error
}

// topicNames are those of all topics of a cluster, as Flink's metrics write them.
type topicNames struct {
	topics map[string][]string // Flink's name -> Kafka's, sorted; only where they may differ
	at     time.Time           // of the answer; zero: there was none
	failed time.Time           // when there was no answer last
	err    error               // why not
}

// errNoName is that of a name which stands for no topic.
var errNoName = fmt.Errorf("%w, by this name or with dots where Flink's metrics write _, or the adapter may not describe it", errNoTopic)

// inMetrics is how Flink's metrics write a topic's name, from 1.13 to 2.3: dots, commas, colons and spaces are underscores there
// (MetricQueryService.replaceInvalidChars). Of these a topic's name may have dots only.
func inMetrics(topic string) string { return strings.ReplaceAll(topic, ".", "_") }

// literal tells whether a name can't be another topic's in Flink's metrics.
func literal(name string) bool { return !strings.Contains(name, "_") || strings.Contains(name, ".") }

// resolve finds the topics that the names stand for, which are Kafka's or Flink's. Only where one may be Flink's it asks for those
// of all topics.
func (c *Client) resolve(ctx context.Context, asked map[string]bool) map[string]named {
	resolved := make(map[string]named, len(asked))
	for name := range asked {
		if literal(name) {
			resolved[name] = named{topic: name}
			continue
		}
		c.listTopics(ctx)
		resolved[name] = c.names.find(name)
	}
	return resolved
}

// listTopics brings the names up to date, with at most one answer in metadataMaxAge. That answer may be long, so after a failure it
// isn't asked for in each round.
func (c *Client) listTopics(ctx context.Context) {
	now := c.opts.Clock.Now()
	if now.Sub(c.names.at) < c.opts.MetadataMaxAge || now.Sub(c.names.failed) < relistAfter {
		return
	}
	topics, err := c.metadata(ctx, nil)
	if err != nil {
		c.names.failed, c.names.err = now, err
		return
	}
	c.names = topicNames{topics: byName(topics), at: now}
}

// byName leaves out Kafka's internal topics.
func byName(topics map[string]*sarama.TopicMetadata) map[string][]string {
	index := map[string][]string{}
	for _, topic := range slices.Sorted(maps.Keys(topics)) {
		if name := inMetrics(topic); !literal(name) && !topics[topic].IsInternal {
			index[name] = append(index[name], topic)
		}
	}
	return index
}

// find returns the only topic of that name in Flink's metrics.
func (n topicNames) find(name string) named {
	switch topics := n.topics[name]; {
	case n.at.IsZero():
		return named{err: n.err}
	case len(topics) == 0:
		return named{err: errNoName}
	case len(topics) > 1:
		return named{err: fmt.Errorf("Flink's metrics write the topics %s alike, so it can't be told which of them the job reads; "+
			"delete those not in use, or scale by kafka_consumergroup_lag, which goes by Kafka's names", strings.Join(topics, ", "))}
	default:
		return named{topic: topics[0]}
	}
}
