package kafka

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

func TestWhereAGroupStands(t *testing.T) {
	tests := []struct {
		name  string
		at    position
		never bool
		rules config.Lag
		want  int64 // unread records
		lost  int64
		err   error
	}{
		{name: "behind by what was written since the commit", at: position{committed: 40, end: 100}, want: 60},
		{name: "at the end", at: position{committed: 100, end: 100}},
		{name: "an empty log, nothing committed", at: position{committed: None}},
		{name: "a commit at 0 is a commit", at: position{committed: 0, start: 0, end: 100}, want: 100},
		{name: "a commit where nobody has asked for the start", at: position{committed: 0, start: unknownStart, end: 100}, want: 100},

		{name: "without a commit all from the log's start on", at: position{committed: None, start: 30, end: 100}, want: 70},
		{name: "without a commit nothing, when consumers start at the end", at: position{committed: None, start: 30, end: 100},
			rules: config.Lag{UncommittedPartition: config.Latest}},
		{name: "without a commit an error, when that is asked for", at: position{committed: None, start: 30, end: 100},
			rules: config.Lag{UncommittedPartition: config.Error}, err: errUncommittedPartition},

		{name: "a group that never committed is an error", at: position{committed: None, start: 30, end: 100}, never: true, err: errNothingCommitted},
		{name: "or has all before it", at: position{committed: None, start: 30, end: 100}, never: true,
			rules: config.Lag{UncommittedGroup: config.Earliest}, want: 70},
		{name: "or nothing", at: position{committed: None, start: 30, end: 100}, never: true,
			rules: config.Lag{UncommittedGroup: config.Latest}},

		{name: "what was deleted unread is lost, and no lag", at: position{committed: 10, start: 30, end: 100}, want: 70, lost: 20},
		{name: "or an error", at: position{committed: 10, start: 30, end: 100},
			rules: config.Lag{BeforeLogStart: config.Error}, lost: 20, err: errBeforeLogStart},
		{name: "all was deleted", at: position{committed: 10, start: 100, end: 100}, lost: 90},

		{name: "a commit past the end is an error", at: position{committed: 500, end: 100}, err: errPastLogEnd},
		{name: "or all of the new topic is before the group", at: position{committed: 500, start: 30, end: 100},
			rules: config.Lag{PastLogEnd: config.Earliest}, want: 70},
		{name: "or nothing is", at: position{committed: 500, start: 30, end: 100}, rules: config.Lag{PastLogEnd: config.Latest}},

		{name: "markers of transactions within the dead band", at: position{committed: 98, end: 100}, rules: config.Lag{DeadBand: 2}},
		{name: "beyond the dead band all counts", at: position{committed: 97, end: 100}, rules: config.Lag{DeadBand: 2}, want: 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rules := withDefaults(test.rules)
			next, lost, err := test.at.next(rules, test.never)
			got := int64(0)
			if err == nil {
				got = unread(test.at.end, next, rules)
			}
			if !errors.Is(err, test.err) || got != test.want || lost != test.lost {
				t.Errorf("got %d unread, %d lost, %v; want %d, %d, %v", got, lost, err, test.want, test.lost, test.err)
			}
		})
	}
}

// withDefaults fills in what a case doesn't say.
func withDefaults(rules config.Lag) config.Lag {
	defaults := config.DefaultLag()
	for _, f := range []struct{ field, otherwise *config.Choice }{
		{&rules.UncommittedPartition, &defaults.UncommittedPartition}, {&rules.UncommittedGroup, &defaults.UncommittedGroup},
		{&rules.BeforeLogStart, &defaults.BeforeLogStart}, {&rules.PastLogEnd, &defaults.PastLogEnd},
		{&rules.DeletedTopic, &defaults.DeletedTopic}, {&rules.IsolationLevel, &defaults.IsolationLevel},
	} {
		if *f.field == "" {
			*f.field = *f.otherwise
		}
	}
	return rules
}

func FuzzWhereAGroupStands(f *testing.F) {
	f.Add(int64(40), int64(0), int64(100), false)
	f.Add(None, int64(30), int64(100), true)
	f.Add(int64(10), int64(30), int64(20), false)
	f.Fuzz(func(t *testing.T, committed, start, end int64, never bool) {
		if committed < None || start < unknownStart || end < 0 {
			t.Skip("Kafka has no such offsets")
		}
		at := position{committed, start, end}
		next, lost, err := at.next(config.DefaultLag(), never)
		if err != nil {
			return
		}
		if lag := unread(end, next, config.DefaultLag()); lag < 0 || lag > end || lost < 0 {
			t.Errorf("%+v: %d unread, %d lost", at, lag, lost)
		}
	})
}

func TestTotal(t *testing.T) {
	broken := errors.New("broker 2 (kafka-2:9092): ListOffsets: no answer in time")
	early, late := time.Unix(1000, 0), time.Unix(2000, 0)
	group := Group{Topics: map[string]Topic{
		"orders":   {Committed: true, Lag: 13, Max: 10, AtCommit: 3, Oldest: late},
		"refunds":  {Committed: true, Lag: 100, Max: 100, AtCommit: 50, Oldest: early},
		"complete": {Committed: true},
		"named":    {Lag: 7, Max: 7, AtCommit: 7},
	}}
	failing := Group{Topics: map[string]Topic{"orders": group.Topics["orders"], "refunds": {Committed: true, Err: broken}}}
	young := Group{AtCommitErr: errNoCommitSeen, Topics: map[string]Topic{
		"orders": {Committed: true, Lag: 1, AgeErr: errLookingUp}, "complete": {Committed: true},
	}}
	tests := []struct {
		name   string
		group  Group
		choice Choice
		want   Total
		reason string // part of the message
		is     error
	}{
		{name: "all that the group has committed when none is named", group: group, want: Total{Lag: 113, Max: 100, AtCommit: 53, Oldest: early}},
		{name: "only the topic named", group: group, choice: Choice{Names: []string{"orders"}}, want: Total{Lag: 13, Max: 10, AtCommit: 3, Oldest: late}},
		{name: "a topic without a commit, by name", group: group, choice: Choice{Names: []string{"named"}}, want: Total{Lag: 7, Max: 7, AtCommit: 7}},
		{name: "topics by pattern", group: group, choice: Choice{Pattern: regexp.MustCompile("^(orders|complete|named)$")}, want: Total{Lag: 13, Max: 10, AtCommit: 3, Oldest: late}},
		{name: "a pattern that no topic matches", group: group, choice: Choice{Pattern: regexp.MustCompile("^x")}, reason: `matches "^x"`, is: ErrNotFound},
		{name: "a topic that nobody knows is an error, not 0", group: group, choice: Choice{Names: []string{"orders", "order"}}, reason: `nothing on topic "order"`, is: ErrNotFound},
		{name: "a topic that failed spoils the sum", group: failing, reason: `topic "refunds": broker 2`, is: broken},
		{name: "a topic that failed spoils no other", group: failing, choice: Choice{Names: []string{"orders"}}, want: Total{Lag: 13, Max: 10, AtCommit: 3, Oldest: late}},
		{name: "a group without topics has no lag", reason: "never committed", is: ErrNotFound},
		{name: "what isn't known yet says so", group: young, want: Total{Lag: 1, AtCommitErr: errNoCommitSeen, AgeErr: errLookingUp}},
		{name: "nothing unread is known at any time", group: young, choice: Choice{Names: []string{"complete"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.group.Total(test.choice)
			if test.reason == "" && err != nil || test.reason != "" && (err == nil || !strings.Contains(err.Error(), test.reason)) {
				t.Fatalf("error %v, want one with %q", err, test.reason)
			}
			if !errors.Is(err, test.is) {
				t.Errorf("error %v is not %v", err, test.is)
			}
			if !errors.Is(got.AtCommitErr, test.want.AtCommitErr) || !errors.Is(got.AgeErr, test.want.AgeErr) {
				t.Errorf("errors %v and %v, want %v and %v", got.AtCommitErr, got.AgeErr, test.want.AtCommitErr, test.want.AgeErr)
			}
			got.AtCommitErr, got.AgeErr, test.want.AtCommitErr, test.want.AgeErr = nil, nil, nil, nil
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// BenchmarkTotal is what a read costs: the sum over one group's topics, and over those of 1,000 groups.
func BenchmarkTotal(b *testing.B) {
	group := Group{Topics: map[string]Topic{}}
	for i := range 3 {
		group.Topics[fmt.Sprintf("topic-%d", i)] = Topic{Committed: true, Lag: 1000}
	}
	for _, groups := range []int{1, 1000} {
		b.Run(fmt.Sprintf("groups=%d", groups), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range groups {
					if _, err := group.Total(Choice{}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
