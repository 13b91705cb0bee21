package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/IBM/sarama"
)

// extent is how far one partition's log reaches, or why that is not known.
type extent struct {
	start, end int64
	needStart  bool // some group has no commit on the partition; else start stays unknown
	err        error
}

// log is the partitions of a topic, by number, or why they are not known.
type log struct {
	partitions []extent
	err        error
}

// readLogs asks the leaders for the ends of all partitions of all topics that the groups have committed, with one
// request for each leader, and for the starts of those partitions where a group has no commit, with another.
func (c *Client) readLogs(ctx context.Context, groups map[string]commits) map[string]log {
	missing := c.findTopics(ctx, groups)
	logs := map[string]log{}
	for _, topics := range groups {
		for name, commit := range topics {
			l, ok := logs[name]
			if !ok {
				l = log{partitions: make([]extent, len(c.topics[name].leaders)), err: missing[name]}
				logs[name] = l
			}
			for i := range l.partitions {
				if _, committed := commit.offsets[int32(i)]; !committed {
					l.partitions[i].needStart = true
				}
			}
		}
	}
	atOnce(c.byLeader(logs), func(id int32, partitions map[string][]int32) {
		b := c.brokers[id]
		listOffsets(ctx, b, logs, partitions, sarama.OffsetOldest)
		listOffsets(ctx, b, logs, partitions, sarama.OffsetNewest)
	})
	for name, log := range logs {
		if slices.ContainsFunc(log.partitions, func(e extent) bool { return e.err != nil }) {
			delete(c.topics, name) // its leaders may be others by now
		}
	}
	return logs
}

// byLeader shares the partitions out among their leaders: broker -> topic -> partitions. A partition without a leader
// gets its error.
func (c *Client) byLeader(logs map[string]log) map[int32]map[string][]int32 {
	shares := map[int32]map[string][]int32{}
	for name, log := range logs {
		for i := range log.partitions {
			leader := c.topics[name].leaders[i]
			if c.brokers[leader] == nil {
				log.partitions[i].err = fmt.Errorf("partition %d has no leader", i)
				c.moved = c.moved || leader != noLeader
				continue
			}
			if shares[leader] == nil {
				shares[leader] = map[string][]int32{}
			}
			shares[leader][name] = append(shares[leader][name], int32(i))
		}
	}
	return shares
}

// listOffsets asks one leader for the start (sarama.OffsetOldest) or end (sarama.OffsetNewest) of its partitions; for
// the start only where it is needed.
func listOffsets(ctx context.Context, b *broker, logs map[string]log, partitions map[string][]int32, which int64) {
	request := sarama.NewOffsetRequest(b.conf.Version)
	wanted := map[string][]int32{}
	for name, ids := range partitions {
		for _, id := range ids {
			if e := logs[name].partitions[id]; e.err == nil && (e.needStart || which == sarama.OffsetNewest) {
				wanted[name] = append(wanted[name], id)
				request.AddBlock(name, id, which, 1)
			}
		}
	}
	if len(wanted) == 0 {
		return
	}
	response, err := ask(ctx, b, "ListOffsets", func(conn *sarama.Broker) (*sarama.OffsetResponse, error) {
		return conn.GetAvailableOffsets(request)
	})
	for name, ids := range wanted {
		for _, id := range ids {
			e := &logs[name].partitions[id]
			offset, blockErr := int64(0), err
			if err == nil {
				offset, blockErr = offsetIn(response.GetBlock(name, id), b, id)
			}
			switch {
			case blockErr != nil:
				e.err = blockErr
			case which == sarama.OffsetOldest:
				e.start = offset
			default:
				e.end = offset
			}
		}
	}
}

func offsetIn(block *sarama.OffsetResponseBlock, b *broker, partition int32) (int64, error) {
	switch {
	case block == nil:
		return 0, fmt.Errorf("%s: ListOffsets: the answer lacks partition %d", b, partition)
	case block.Err != sarama.ErrNoError:
		return 0, fmt.Errorf("%s: ListOffsets: partition %d: %w", b, partition, block.Err)
	}
	return block.Offset, nil
}

// join puts a group's commits beside the logs.
func join(topics commits, logs map[string]log) Group {
	group := Group{Topics: make(map[string]Topic, len(topics))}
	for name, commit := range topics {
		group.Topics[name] = joinTopic(commit, logs[name])
	}
	return group
}

func joinTopic(c commit, l log) Topic {
	switch {
	case c.err != nil:
		return Topic{Err: c.err}
	case l.err != nil:
		return Topic{Err: l.err}
	}
	for partition := range c.offsets {
		if int(partition) >= len(l.partitions) {
			return Topic{Err: fmt.Errorf("partition %d has a commit but is not in the topic; it may have been created anew with fewer partitions", partition)}
		}
	}
	partitions := make([]Partition, len(l.partitions))
	for i, e := range l.partitions {
		if e.err != nil {
			return Topic{Err: e.err}
		}
		committed, ok := c.offsets[int32(i)]
		if !ok {
			committed = None
		}
		partitions[i] = Partition{Committed: committed, Start: e.start, End: e.end}
	}
	return Topic{Partitions: partitions}
}
