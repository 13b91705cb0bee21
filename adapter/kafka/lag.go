package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ErrNotFound is wrapped by every error that says that what was asked for isn't there, as opposed to out of reach.
var ErrNotFound = errors.New("not found")

// None stands for the committed offset of a partition on which the group has committed nothing.
const None int64 = -1

// Partition is what one consumer group has before it in one partition. Offsets count records from 0.
type Partition struct {
	Committed int64 // next record to read, as committed; None without a commit
	Start     int64 // log start offset; known only where Committed is None
	End       int64 // log end offset: one past the last record, asked for after Committed
}

// Lag is the number of records between the committed offset and the log end. Without a commit the group starts at the
// log's start, as Flink's Kafka source does unless told otherwise. It is never below 0: a topic that was created anew
// ends before the old commit.
func (p Partition) Lag() int64 {
	from := p.Committed
	if from == None {
		from = p.Start
	}
	return max(p.End-from, 0)
}

// Topic is a topic on which a group has committed: all its partitions, by number, or why they are not known.
type Topic struct {
	Partitions []Partition
	Err        error
}

// Group is one consumer group at one moment: every topic on which it has committed at least one offset.
type Group struct {
	Topics map[string]Topic
}

// Lag is the sum of the partitions' lags over the topics named, or over all of the group's. It is the whole sum or an
// error, which wraps ErrNotFound when the group has committed nothing on a topic.
func (g Group) Lag(topics ...string) (int64, error) {
	if len(topics) == 0 {
		topics = slices.Sorted(maps.Keys(g.Topics))
	}
	if len(topics) == 0 {
		return 0, errNothingCommitted
	}
	var sum int64
	for _, name := range topics {
		topic, ok := g.Topics[name]
		switch {
		case !ok:
			return 0, fmt.Errorf("%w: the group has committed nothing on topic %q; Flink commits when a checkpoint completes", ErrNotFound, name)
		case topic.Err != nil:
			return 0, fmt.Errorf("topic %q: %w", name, topic.Err)
		}
		for _, partition := range topic.Partitions {
			sum += partition.Lag()
		}
	}
	return sum, nil
}

var (
	errUnknownGroup     = fmt.Errorf("%w: no broker knows the group; it appears with its first commit, and Flink commits when a checkpoint completes", ErrNotFound)
	errNothingCommitted = fmt.Errorf("%w: the group has never committed an offset; Flink commits when a checkpoint completes", ErrNotFound)
)
