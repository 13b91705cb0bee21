package kafka

import (
	"fmt"

	"github.com/IBM/sarama"
)

// standing is what a round knows of one group: what is asked about it and what it has committed.
type standing struct {
	group   string
	asked   *questions
	commits commits // empty when the group has never committed
}

// commits are a group's committed offsets by topic.
type commits map[string]commit

type commit struct {
	offsets []int64 // by partition: the next record to read, or None; what lies beyond the end is None too
	err     error
}

// never tells whether the group has committed nothing at all.
func (s standing) never() bool { return len(s.commits) == 0 }

// topics are those that the group has committed, and those that are asked for by name.
func (s standing) topics() []string {
	names := make([]string, 0, len(s.commits)+len(s.asked.names))
	for name := range s.commits {
		names = append(names, name)
	}
	for name := range s.asked.names {
		if _, committed := s.commits[name]; !committed {
			names = append(names, name)
		}
	}
	return names
}

// offsets are the committed ones alone.
func (s standing) offsets() map[string][]int64 {
	offsets := make(map[string][]int64, len(s.commits))
	for name, c := range s.commits {
		offsets[name] = c.offsets
	}
	return offsets
}

// at is where the group stands in a partition whose log reaches that far.
func (s standing) at(name string, partition int, e extent) position {
	p := position{committed: None, start: e.start, end: e.end}
	if offsets := s.commits[name].offsets; partition < len(offsets) {
		p.committed = offsets[partition]
	}
	return p
}

func commitsOf(group sarama.OffsetFetchResponseGroup) commits {
	topics := commits{}
	for name, blocks := range group.Blocks {
		var c commit
		for partition, block := range blocks {
			switch {
			case block.Err != sarama.ErrNoError:
				c.err = fmt.Errorf("OffsetFetch: %w", block.Err)
			case block.Offset >= 0:
				for len(c.offsets) <= int(partition) {
					c.offsets = append(c.offsets, None)
				}
				c.offsets[partition] = block.Offset
			}
		}
		if len(c.offsets) > 0 || c.err != nil {
			topics[name] = c
		}
	}
	return topics
}
