package kafka

import (
	"errors"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

// wanted is what a group's lag should be: a number, or a part of the error.
type wanted struct {
	lag    int64
	reason string
}

func check(t *testing.T, when string, client *Client, want map[string]wanted, topics ...string) {
	t.Helper()
	var keys []Key
	for group := range want {
		keys = append(keys, NewKey(group, topics...))
	}
	samples := client.Poll(t.Context(), keys)
	if len(samples) != len(want) {
		t.Errorf("%s: %d samples for %d groups", when, len(samples), len(want))
	}
	for group, want := range want {
		sample, ok := samples[NewKey(group, topics...)]
		total, err := Total{}, sample.Err
		if err == nil {
			total, err = sample.Value.Total(Choice{Names: topics})
		}
		lag := total.Lag
		switch {
		case !ok:
			t.Errorf("%s: group %s has no sample", when, group)
		case want.reason == "" && (err != nil || lag != want.lag):
			t.Errorf("%s: group %s: got %d, %v; want %d", when, group, lag, err, want.lag)
		case want.reason != "" && (err == nil || !strings.Contains(err.Error(), want.reason)):
			t.Errorf("%s: group %s: got %d, %v; want an error with %q", when, group, lag, err, want.reason)
		}
	}
}

var healthy = map[string]wanted{"a": {lag: 30}, "b": {lag: 1}}

func TestPollIsBatched(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	check(t, "cold", client, healthy)
	cold := map[string]int{"DescribeCluster": 1, "ListGroups": 2, "OffsetFetch": 2, "Metadata": 1, "ListOffsets": 2}
	if got := c.requests(); !maps.Equal(got, cold) {
		t.Errorf("a cold poll asked %v, want %v", got, cold)
	}
	check(t, "log starts are asked for in the second round", client, healthy)
	second := map[string]int{"DescribeCluster": 1, "ListGroups": 2, "OffsetFetch": 4, "Metadata": 1, "ListOffsets": 6}
	if got := c.requests(); !maps.Equal(got, second) {
		t.Errorf("a second poll brought it to %v, want %v", got, second)
	}
	check(t, "warm", client, healthy)
	warm := map[string]int{"DescribeCluster": 1, "ListGroups": 2, "OffsetFetch": 6, "Metadata": 1, "ListOffsets": 8}
	if got := c.requests(); !maps.Equal(got, warm) {
		t.Errorf("a warm poll brought it to %v, want %v", got, warm)
	}
}

func TestSampleTimeIsFromBeforeTheCommitsWereRead(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	start := c.clock.Now()
	if got := c.client().Poll(t.Context(), []Key{{Group: "a"}})[Key{Group: "a"}]; !got.Time.Equal(start) {
		t.Errorf("got %s, want %s", got.Time, start)
	}
}

func TestWhatAGroupHasNotCommitted(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.groups["silent"], c.groups["half"] = 1, 1
	c.commits["half"] = map[string]map[int32]int64{"orders": {1: 95}}
	c.serve()
	client := c.client()
	check(t, "partitions without a commit count from the log's start", client, map[string]wanted{"half": {lag: 90 + 5}, "a": {lag: 30}})
	check(t, "groups", client, map[string]wanted{"silent": {reason: "never committed"}, "ghost": {reason: "no broker knows the group"}})
	check(t, "topics", client, map[string]wanted{"a": {reason: `topic "refunds": not found: the topic does not exist`}}, "refunds")
	for group, sample := range client.Poll(t.Context(), []Key{{Group: "silent"}, {Group: "ghost"}}) {
		if !errors.Is(sample.Err, ErrNotFound) {
			t.Errorf("group %s: %v is not ErrNotFound", group, sample.Err)
		}
	}
}

func TestAGroupThatAppearsIsFound(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	check(t, "before", client, map[string]wanted{"new": {reason: "no broker knows"}})
	c.groups["new"], c.commits["new"] = 2, map[string]map[int32]int64{"orders": {0: 99, 1: 99}}
	c.serve()
	c.clock.Step(relistAfter - 1)
	check(t, "looked for a moment ago", client, map[string]wanted{"new": {reason: "no broker knows"}})
	c.clock.Step(1)
	check(t, "after", client, map[string]wanted{"new": {lag: 2}})
	c.groups["newest"], c.commits["newest"] = 1, c.commits["new"]
	c.serve()
	check(t, "one that nobody has asked for before is looked for at once", client, map[string]wanted{"newest": {lag: 2}})
}

func TestACoordinatorThatFailsCostsItsOwnGroupsOnly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer sarama.MockResponse
		reason string
	}{
		{"it does not answer", nil, "no answer in time"},
		{"it is not the coordinator any more", sarama.NewMockOffsetFetchResponse(t).SetError(sarama.ErrNotCoordinatorForConsumer), "kafka server: Request was for a consumer group that is not coordinated by this broker"},
		{"it is loading", sarama.NewMockOffsetFetchResponse(t).SetError(sarama.ErrOffsetsLoadInProgress), "kafka server: "},
		{"it may not tell", sarama.NewMockOffsetFetchResponse(t).SetError(sarama.ErrGroupAuthorizationFailed), "kafka server: The client is not authorized to access this group"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			client := c.client()
			check(t, "before", client, healthy)
			c.leaders["orders"] = []int32{1, 1} // what b's coordinator leads is another matter
			c.serve()
			c.clock.Step(metadataMaxAge)
			c.answersWith(2, map[string]sarama.MockResponse{"OffsetFetchRequest": test.answer})
			check(t, "meanwhile", client, map[string]wanted{"a": {lag: 30}, "b": {reason: "broker 2 (" + c.brokers[2].Addr() + "): OffsetFetch: " + test.reason}})
			c.serve()
			check(t, "it is well again", client, healthy)
		})
	}
}

func TestALeaderThatFailsCostsItsOwnTopicsOnly(t *testing.T) {
	t.Parallel()
	notLeader := &sarama.OffsetResponse{Version: 6, Blocks: map[string]map[int32]*sarama.OffsetResponseBlock{"refunds": {0: {Err: sarama.ErrNotLeaderForPartition}}}}
	lacking := &sarama.OffsetResponse{Version: 6, Blocks: map[string]map[int32]*sarama.OffsetResponseBlock{}}
	tests := []struct {
		name   string
		answer sarama.MockResponse
		reason string
	}{
		{"it does not answer", nil, "no answer in time"},
		{"it is not the leader any more", sarama.NewMockWrapper(notLeader), "partition 0: kafka server"},
		{"its answer lacks the partition", sarama.NewMockWrapper(lacking), "the answer lacks partition 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			c.groups = map[string]int32{"a": 1, "b": 1}
			c.leaders = map[string][]int32{"orders": {1, 1}, "refunds": {2}}
			c.commits["b"], c.ends["refunds"], c.starts["refunds"] = map[string]map[int32]int64{"refunds": {0: 7}}, 10, 0
			c.serve()
			client := c.client()
			check(t, "before", client, map[string]wanted{"a": {lag: 30}, "b": {lag: 3}})
			c.answersWith(2, map[string]sarama.MockResponse{"OffsetRequest": test.answer})
			check(t, "meanwhile", client, map[string]wanted{"a": {lag: 30}, "b": {reason: `topic "refunds": broker 2 (` + c.brokers[2].Addr() + "): ListOffsets: " + test.reason}})
			c.serve()
			check(t, "it is well again", client, map[string]wanted{"a": {lag: 30}, "b": {lag: 3}})
		})
	}
}

func TestACoordinatorThatMovedIsFollowedWithinTheRound(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	check(t, "before", client, healthy)
	c.groups["b"] = 1
	c.serve()
	c.answersWith(2, map[string]sarama.MockResponse{
		"OffsetFetchRequest": sarama.NewMockOffsetFetchResponse(t).SetError(sarama.ErrNotCoordinatorForConsumer),
	})
	check(t, "the round that finds out", client, healthy)
}

func TestALeaderThatMovedIsFollowedWithinTheRound(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	check(t, "before", client, healthy)
	c.leaders["orders"] = []int32{1, 1}
	c.serve()
	moved := &sarama.OffsetResponse{Version: 6, Blocks: map[string]map[int32]*sarama.OffsetResponseBlock{"orders": {1: {Err: sarama.ErrNotLeaderForPartition}}}}
	c.answersWith(2, map[string]sarama.MockResponse{"OffsetRequest": sarama.NewMockWrapper(moved)})
	check(t, "the round that finds out", client, healthy)
}

func TestABrokerThatIsDown(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.leaders["orders"] = []int32{1, 1}
	c.serve()
	client := c.client()
	check(t, "before", client, healthy)
	addr := c.stop(2)
	check(t, "the first round", client, map[string]wanted{"a": {lag: 30}, "b": {reason: "broker 2 (" + addr + "): OffsetFetch: "}})
	check(t, "while it is a member", client, map[string]wanted{"a": {lag: 30}, "b": {reason: "its coordinator is not known: broker 2 (" + addr + "): ListGroups: connection refused"}})
	c.groups["b"] = 1
	c.serve() // the members are without broker 2 by now
	check(t, "another one took over", client, healthy)
}

func TestABrokerThatRestartedIsAskedAgainAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	check(t, "before", client, healthy)
	addr := c.stop(2)
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c.brokers[2] = sarama.NewMockBrokerListener(t, 2, listener)
	c.serve()
	check(t, "on a connection that broke", client, healthy)
}

func TestWithoutKafkaAtFirst(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	addr := c.stop(1)
	check(t, "nobody there", client, map[string]wanted{"a": {reason: "bootstrap server " + addr + ": DescribeCluster: connection refused"}})
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c.brokers[1] = sarama.NewMockBrokerListener(t, 1, listener)
	c.serve()
	check(t, "it came up", client, healthy)
}

func TestTopics(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	check(t, "before", client, healthy)
	c.leaders["orders"] = []int32{1, 2, 2}
	c.serve()
	check(t, "an added partition is not known yet", client, healthy)
	c.clock.Step(metadataMaxAge)
	check(t, "an added partition counts from its start", client, map[string]wanted{"a": {lag: 30 + 90}, "b": {lag: 1 + 90}})
	c.commits["a"]["orders"][3] = 100
	c.leaders["orders"] = []int32{1, 2, 2, 1}
	c.serve()
	check(t, "a commit on an unknown partition has it looked up", client, map[string]wanted{"a": {lag: 30 + 90}})
	c.leaders["orders"] = []int32{1, -1, 2, 1}
	c.serve()
	c.clock.Step(metadataMaxAge)
	check(t, "no leader", client, map[string]wanted{"a": {reason: `topic "orders": partition 1 has no leader`}})
	c.leaders = map[string][]int32{"other": {1}}
	c.serve()
	check(t, "a deleted topic", client, map[string]wanted{"a": {reason: `topic "orders": not found: the topic does not exist`}})
	c.leaders["orders"] = []int32{1}
	c.serve()
	check(t, "created anew with fewer partitions", client, map[string]wanted{"a": {reason: "has a commit but is not in the topic"}})
}

func TestABrokerThatHangsIsAskedOnceARound(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.answersWith(2, map[string]sarama.MockResponse{"ListGroupsRequest": nil})
	check(t, "cold", c.client(), map[string]wanted{"a": {reason: "broker 2 (" + c.brokers[2].Addr() + "): ListGroups: no answer in time"}})
	if got := c.requests()["ListOffsets"]; got != 1 {
		t.Errorf("%d ListOffsets were sent, want the one to broker 1", got)
	}
}

func TestARoundKeepsItsDeadline(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for id := range c.brokers {
		c.brokers[id].SetHandlerByMap(nil) // connects, and never answers
	}
	client := c.client()
	start := time.Now()
	check(t, "all hang", client, map[string]wanted{"a": {reason: "no answer in time"}})
	if took := time.Since(start); took > client.opts.Timeout {
		t.Errorf("took %s with a time-out of %s", took, client.opts.Timeout)
	}
}
