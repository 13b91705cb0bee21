package kafka

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestPartitionLag(t *testing.T) {
	tests := []struct {
		name      string
		partition Partition
		want      int64
	}{
		{"behind by what was written since the commit", Partition{Committed: 40, End: 100}, 60},
		{"at the end", Partition{Committed: 100, End: 100}, 0},
		{"an empty log, nothing committed", Partition{Committed: None, Start: 0, End: 0}, 0},
		{"without a commit all from the log's start on", Partition{Committed: None, Start: 30, End: 100}, 70},
		{"a commit at 0 is a commit", Partition{Committed: 0, Start: 30, End: 100}, 100},
		{"a commit past the end, since the topic is a new one", Partition{Committed: 500, End: 100}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.partition.Lag(); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestGroupLag(t *testing.T) {
	broken := errors.New("broker 2 (kafka-2:9092): ListOffsets: no answer in time")
	group := Group{Topics: map[string]Topic{
		"orders":  {Partitions: []Partition{{Committed: 1, End: 11}, {Committed: None, Start: 2, End: 5}, {Committed: 9, End: 7}}},
		"refunds": {Partitions: []Partition{{Committed: 0, End: 100}}},
	}}
	partly := Group{Topics: map[string]Topic{"orders": group.Topics["orders"], "refunds": {Err: broken}}}
	tests := []struct {
		name   string
		group  Group
		topics []string
		want   int64
		reason string // part of the message
		is     error
	}{
		{name: "all topics when none is named", group: group, want: 113},
		{name: "only the topic named", group: group, topics: []string{"orders"}, want: 13},
		{name: "the topics named", group: group, topics: []string{"orders", "refunds"}, want: 113},
		{name: "a topic without commits is an error, not 0", group: group, topics: []string{"orders", "order"}, reason: `nothing on topic "order"`, is: ErrNotFound},
		{name: "a topic that failed spoils the sum", group: partly, reason: `topic "refunds": broker 2`, is: broken},
		{name: "a topic that failed spoils no other", group: partly, topics: []string{"orders"}, want: 13},
		{name: "a group without topics has no lag", reason: "never committed", is: ErrNotFound},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.group.Lag(test.topics...)
			if test.reason == "" && err != nil || test.reason != "" && (err == nil || !strings.Contains(err.Error(), test.reason)) {
				t.Fatalf("error %v, want one with %q", err, test.reason)
			}
			if !errors.Is(err, test.is) || got != test.want {
				t.Errorf("got %d, %v; want %d, %v", got, err, test.want, test.is)
			}
		})
	}
}

// BenchmarkLag is what a read costs: the sum over one group's partitions, and over those of 1,000 groups.
func BenchmarkLag(b *testing.B) {
	group := Group{Topics: map[string]Topic{}}
	for i := range 3 {
		topic := Topic{Partitions: make([]Partition, 12)}
		for p := range topic.Partitions {
			topic.Partitions[p] = Partition{Committed: int64(p), End: 1000}
		}
		group.Topics[fmt.Sprintf("topic-%d", i)] = topic
	}
	for _, groups := range []int{1, 1000} {
		b.Run(fmt.Sprintf("groups=%d", groups), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range groups {
					if _, err := group.Lag(); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
