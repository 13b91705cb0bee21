package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/IBM/sarama"
)

// metadataAge is how long the partitions and leaders of a topic are believed. Leaders that moved are noticed at once,
// by the errors of the old ones; partitions that were added only by this.
const metadataAge = time.Minute

// noLeader stands for the leader of a partition that has none now.
const noLeader int32 = -1

var errNoBroker = errors.New("no broker is left to ask in this round")

// topic is what Metadata told: the leader of each partition, by number.
type topic struct {
	leaders []int32
	at      time.Time
}

// covers tells whether all partitions that a group has committed are known.
func (t topic) covers(c commit) bool {
	for partition := range c.offsets {
		if int(partition) >= len(t.leaders) {
			return false
		}
	}
	return true
}

// findTopics brings c.topics up to date for all topics that the groups have committed, with at most one request. It
// returns the topics that could not be found, with the reason, and forgets them.
func (c *Client) findTopics(ctx context.Context, groups map[string]commits) map[string]error {
	now := c.opts.Clock.Now()
	missing := map[string]error{}
	for _, topics := range groups {
		for name, commit := range topics {
			known, ok := c.topics[name]
			if !ok || now.Sub(known.at) >= metadataAge || !known.covers(commit) {
				missing[name] = fmt.Errorf("Metadata: %w", sarama.ErrUnknownTopicOrPartition) // unless the answer has it
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	answers, err := c.metadata(ctx, slices.Sorted(maps.Keys(missing)))
	for _, answer := range answers {
		if answer.Err != sarama.ErrNoError {
			missing[answer.Name] = fmt.Errorf("Metadata: %w", answer.Err)
			continue
		}
		c.topics[answer.Name] = topic{leaders: leadersOf(answer), at: now}
		delete(missing, answer.Name)
	}
	for name := range missing {
		if err != nil {
			missing[name] = err
		}
		delete(c.topics, name)
	}
	maps.DeleteFunc(c.topics, func(_ string, t topic) bool { return now.Sub(t.at) >= 2*metadataAge }) // nobody's any more
	return missing
}

// metadata asks one broker, any that answers, for the topics' partitions and leaders. It creates no topic.
func (c *Client) metadata(ctx context.Context, names []string) ([]*sarama.TopicMetadata, error) {
	err := errNoBroker
	for _, b := range c.reachable() {
		var response *sarama.MetadataResponse
		response, err = ask(ctx, b, "Metadata", func(conn *sarama.Broker) (*sarama.MetadataResponse, error) {
			return conn.GetMetadata(sarama.NewMetadataRequest(c.conf.Version, names))
		})
		if err == nil {
			return response.Topics, nil
		}
	}
	return nil, err
}

func leadersOf(answer *sarama.TopicMetadata) []int32 {
	leaders := slices.Repeat([]int32{noLeader}, len(answer.Partitions))
	for _, partition := range answer.Partitions {
		if int(partition.ID) < len(leaders) {
			leaders[partition.ID] = partition.Leader
		}
	}
	return leaders
}
