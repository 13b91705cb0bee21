package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/IBM/sarama"
)

// noLeader stands for the leader of a partition that has none now.
const noLeader int32 = -1

var errNoBroker = errors.New("no broker is left to ask in this round")

// topic is what is remembered of a topic: what Metadata told, and each partition's log, by number.
type topic struct {
	id       sarama.Uuid // changes when a topic is created anew; brokers before 2.8 have none
	leaders  []int32
	starts   []int64   // log start offsets, or unknownStart
	trailed  bool      // whether a group stands in it; else the trails are not kept up
	trails   []trail   // of log end offsets
	looks    []look    // at log end offsets, where they are asked for without a group
	at       time.Time // of the metadata; zero: to be asked for
	startsAt time.Time // when all starts were asked for
	used     time.Time // by a round
	err      error     // why there is no metadata
}

// outdated has the metadata asked for again.
func (t *topic) outdated() { t.at = time.Time{} }

// lead takes what Metadata told. What is remembered of the logs stays, unless it is another topic of the same name.
func (t *topic) lead(answer *sarama.TopicMetadata, now time.Time) {
	leaders := leadersOf(answer)
	if answer.Uuid != t.id || len(leaders) < len(t.leaders) {
		t.id, t.starts, t.trails, t.looks, t.startsAt = answer.Uuid, nil, nil, nil, time.Time{}
	}
	for len(t.starts) < len(leaders) {
		t.starts, t.trails = append(t.starts, unknownStart), append(t.trails, trail{})
	}
	t.leaders, t.at, t.err = leaders, now, nil
}

// cutOff forgets where a partition's log started: it is another log now, and the topic perhaps another one of the same name.
func (t *topic) cutOff(partition int32) {
	t.starts[partition] = unknownStart
	t.outdated()
}

// gone forgets everything but why.
func (t *topic) gone(err error) { *t = topic{used: t.used, err: err} }

// startsDue tells whether it is time for all log start offsets: a round after the first, which has enough to ask, and then once in maxAge.
func (t *topic) startsDue(now time.Time, maxAge time.Duration) bool {
	if t.startsAt.IsZero() {
		t.startsAt = now.Add(-maxAge)
		return false
	}
	if now.Sub(t.startsAt) < maxAge {
		return false
	}
	t.startsAt = now
	return true
}

// findTopics brings the metadata of these topics up to date, with at most one request. Each of them is in c.topics afterwards,
// with its leaders or with the reason why there are none. Topics that nobody asked for lately are forgotten.
func (c *Client) findTopics(ctx context.Context, names []string, groups []standing) {
	now := c.opts.Clock.Now()
	least := partitionsSeen(groups)
	var due []string
	for _, name := range names {
		t := c.topics[name]
		if t == nil {
			t = &topic{}
			c.topics[name] = t
		}
		t.used = now
		_, t.trailed = least[name]
		if now.Sub(t.at) >= c.opts.MetadataMaxAge || len(t.leaders) < least[name] {
			due = append(due, name)
		}
	}
	for name, t := range c.topics {
		if now.Sub(t.used) >= forgetAfter {
			delete(c.topics, name)
		}
	}
	if len(due) == 0 {
		return
	}
	answers, err := c.metadata(ctx, due)
	for _, name := range due {
		t := c.topics[name]
		answer, ok := answers[name]
		switch {
		case err != nil && len(t.leaders) > 0: // an answer of a minute ago is better than none: leaders that moved say so
		case err != nil:
			t.gone(err)
		case !ok:
			t.gone(fmt.Errorf("Metadata: the answer lacks the topic"))
		case answer.Err == sarama.ErrUnknownTopicOrPartition:
			t.gone(errNoTopic)
		case answer.Err != sarama.ErrNoError && len(answer.Partitions) == 0:
			c.meter.Failed(kindOfCode(answer.Err))
			t.gone(fmt.Errorf("Metadata: %w", answer.Err))
		default:
			t.lead(answer, now)
		}
	}
}

// errNoTopic is the topic's, which Kafka has no better words for.
var errNoTopic = fmt.Errorf("%w: the topic does not exist", ErrNotFound)

// partitionsSeen is how many partitions each topic that a group stands in has at least, as the commits show.
func partitionsSeen(groups []standing) map[string]int {
	least := map[string]int{}
	for _, g := range groups {
		for _, name := range g.topics() {
			least[name] = max(least[name], len(g.commits[name].offsets))
		}
	}
	return least
}

// metadata asks one broker, any that answers, for the topics' partitions and leaders; without names for those of all topics. It
// creates no topic. Brokers that were not known, or have moved, are from then on.
func (c *Client) metadata(ctx context.Context, names []string) (map[string]*sarama.TopicMetadata, error) {
	err := errNoBroker
	for _, b := range c.reachable() {
		var response *sarama.MetadataResponse
		response, err = ask(ctx, b, "Metadata", func(conn *sarama.Broker) (*sarama.MetadataResponse, error) {
			return conn.GetMetadata(sarama.NewMetadataRequest(b.conf.Version, names))
		})
		if err != nil {
			continue
		}
		for _, member := range response.Brokers {
			c.admit(member.ID(), member.Addr())
		}
		byName := make(map[string]*sarama.TopicMetadata, len(response.Topics))
		for _, answer := range response.Topics {
			byName[answer.Name] = answer
		}
		return byName, nil
	}
	return nil, err
}

// admit takes up a broker that is new, or has another address than before.
func (c *Client) admit(id int32, addr string) {
	known := c.brokers[id]
	if _, _, err := net.SplitHostPort(addr); err != nil || known != nil && known.addr == addr {
		return
	}
	if known != nil {
		known.close()
	}
	c.brokers[id] = c.newBroker(id, addr)
	c.moved = true // it may coordinate groups
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
