package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// log is the partitions of a topic in this round, by number, or why they are not known.
type log struct {
	partitions []extent
	err        error
}

// extent is how far one partition's log reaches, or why that is not known.
type extent struct {
	start, end int64     // start may be unknownStart
	at         time.Time // when end was told
	err        error
}

// readLogs asks the leaders for the ends of all partitions of all topics that the groups stand in or that are watched, with one
// request for each leader, and for starts with another where they are needed. Where a leader has moved or failed, the topics in
// question are looked up again and their new leaders asked, once.
func (c *Client) readLogs(ctx context.Context, groups []standing, watched map[string]named) map[string]*log {
	names := topicsOf(groups, watched)
	logs := make(map[string]*log, len(names))
	c.findTopics(ctx, names, groups)
	c.readEnds(ctx, logs, names)
	if failed := failedTopics(logs); len(failed) > 0 {
		for _, name := range failed {
			c.topics[name].outdated()
		}
		c.findTopics(ctx, failed, groups)
		c.readEnds(ctx, logs, failed)
		for _, name := range failedTopics(logs) {
			c.topics[name].outdated()
		}
	}
	c.readStarts(ctx, logs, groups)
	return logs
}

func topicsOf(groups []standing, watched map[string]named) []string {
	names := map[string]bool{}
	for _, g := range groups {
		for _, name := range g.topics() {
			names[name] = true
		}
	}
	for _, w := range watched {
		if w.err == nil {
			names[w.topic] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// failedTopics are those of whose partitions one could not be read.
func failedTopics(logs map[string]*log) []string {
	var failed []string
	for name, l := range logs {
		if slices.ContainsFunc(l.partitions, func(e extent) bool { return e.err != nil }) {
			failed = append(failed, name)
		}
	}
	slices.Sort(failed)
	return failed
}

// readEnds asks for the log end offsets of these topics, by the consumers' isolation level: of all partitions, or of those that
// failed before in this round.
func (c *Client) readEnds(ctx context.Context, logs map[string]*log, names []string) {
	var questions []*question
	for _, name := range names {
		t, l := c.topics[name], logs[name]
		again := l != nil && t.err == nil && len(l.partitions) == len(t.leaders)
		if !again {
			l = &log{partitions: make([]extent, len(t.leaders)), err: t.err}
			logs[name] = l
		}
		for i, e := range l.partitions {
			if !again || e.err != nil {
				questions = append(questions, &question{topic: name, partition: int32(i), at: sarama.OffsetNewest})
			}
		}
	}
	c.listOffsets(ctx, questions, c.opts.Lag.IsolationLevel)
	now := c.opts.Clock.Now()
	for _, q := range questions {
		t := c.topics[q.topic]
		if q.err == nil && t.trailed && t.trails[q.partition].see(q.offset, now) {
			t.cutOff(q.partition)
		}
		logs[q.topic].partitions[q.partition] = extent{start: t.starts[q.partition], end: q.offset, at: q.told, err: q.err}
	}
}

// readStarts asks for the log start offsets where the rules need them now, and of whole topics now and then: a commit that
// retention has passed shows only by them.
func (c *Client) readStarts(ctx context.Context, logs map[string]*log, groups []standing) {
	needed := map[string]map[int]bool{} // true: there is no lag without it
	need := func(name string, partition int, must bool) {
		if needed[name] == nil {
			needed[name] = map[int]bool{}
		}
		needed[name][partition] = needed[name][partition] || must
	}
	for name, l := range logs {
		if !c.topics[name].startsDue(c.opts.Clock.Now(), c.opts.MetadataMaxAge) {
			continue
		}
		for i := range l.partitions {
			need(name, i, false)
		}
	}
	for _, g := range groups {
		for _, name := range g.topics() {
			l := logs[name]
			for i, e := range l.partitions {
				if e.err == nil && g.at(name, i, e).needsStart(c.opts.Lag, g.never()) {
					need(name, i, true)
				}
			}
		}
	}
	var questions []*question
	for name, partitions := range needed {
		for i := range partitions {
			questions = append(questions, &question{topic: name, partition: int32(i), at: sarama.OffsetOldest})
		}
	}
	c.listOffsets(ctx, questions, config.ReadUncommitted)
	for _, q := range questions {
		e := &logs[q.topic].partitions[q.partition]
		switch {
		case q.err == nil:
			e.start, c.topics[q.topic].starts[q.partition] = q.offset, q.offset
		case needed[q.topic][int(q.partition)] && e.err == nil:
			e.err = q.err
		}
	}
}

// question is what ListOffsets is asked about one partition, and the answer.
type question struct {
	topic     string
	partition int32
	at        int64 // sarama.OffsetNewest, sarama.OffsetOldest, or a timestamp in ms: the first record that is not older

	offset, timestamp int64     // both -1 when no record is that young
	told              time.Time // when it was answered
	err               error
}

// listOffsets gets the questions answered, with one request for each leader. No partition may be in them twice: brokers refuse that.
func (c *Client) listOffsets(ctx context.Context, questions []*question, isolation config.Choice) {
	shares := map[int32][]*question{}
	for _, q := range questions {
		leader := c.topics[q.topic].leaders[q.partition]
		if c.brokers[leader] == nil {
			q.err = fmt.Errorf("partition %d has no leader", q.partition)
			c.moved = c.moved || leader != noLeader
			continue
		}
		shares[leader] = append(shares[leader], q)
	}
	atOnce(shares, func(id int32, share []*question) {
		b := c.brokers[id]
		response, err := ask(ctx, b, "ListOffsets", func(conn *sarama.Broker) (*sarama.OffsetResponse, error) {
			request := sarama.NewOffsetRequest(b.conf.Version)
			if isolation == config.ReadCommitted {
				request.IsolationLevel = sarama.ReadCommitted
			}
			for _, q := range share {
				request.AddBlock(q.topic, q.partition, q.at, 1)
			}
			return conn.GetAvailableOffsets(request)
		})
		told := c.opts.Clock.Now()
		for _, q := range share {
			q.told = told
			if q.err = err; err == nil {
				q.answer(b, response.GetBlock(q.topic, q.partition))
			}
		}
	})
}

func (q *question) answer(b *broker, block *sarama.OffsetResponseBlock) {
	switch {
	case block == nil:
		q.err = fmt.Errorf("%s: ListOffsets: the answer lacks partition %d", b, q.partition)
	case block.Err != sarama.ErrNoError:
		b.meter.Failed(kindOfCode(block.Err))
		q.err = fmt.Errorf("%s: ListOffsets: partition %d: %w", b, q.partition, block.Err)
	default:
		q.offset, q.timestamp = block.Offset, block.Timestamp
	}
}
