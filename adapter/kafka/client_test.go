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
	var groups []string
	for group := range want {
		groups = append(groups, group)
	}
	samples := client.Poll(t.Context(), groups)
	if len(samples) != len(want) {
		t.Errorf("%s: %d samples for %d groups", when, len(samples), len(want))
	}
	for group, want := range want {
		sample, ok := samples[group]
		lag, err := int64(0), sample.Err
		if err == nil {
			lag, err = sample.Value.Lag(topics...)
		}
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
	check(t, "warm", client, healthy)
	warm := map[string]int{"DescribeCluster": 1, "ListGroups": 2, "OffsetFetch": 4, "Metadata": 1, "ListOffsets": 4}
	if got := c.requests(); !maps.Equal(got, warm) {
		t.Errorf("a warm poll brought it to %v, want %v", got, warm)
	}
}

func TestSampleTimeIsFromBeforeTheCommitsWereRead(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	start := c.clock.Now()
	if got := c.client().Poll(t.Context(), []string{"a"})["a"]; !got.Time.Equal(start) {
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
	check(t, "topics", client, map[string]wanted{"a": {reason: `nothing on topic "refunds"`}}, "refunds")
	for group, sample := range client.Poll(t.Context(), []string{"silent", "ghost"}) {
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
}

func TestACoordinatorThatFailsCostsItsOwnGroupsOnly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer sarama.MockResponse
		reason string
		moved  bool
	}{
		{"it does not answer", nil, "no answer in time", true},
		{"it is not the coordinator any more", sarama.NewMockOffsetFetchResponse(t).SetError(sarama.ErrNotCoordinatorForConsumer), "kafka server: Request was for a consumer group that is not coordinated by this broker", true},
		{"it is loading", sarama.NewMockOffsetFetchResponse(t).SetError(sarama.ErrOffsetsLoadInProgress), "kafka server: ", false},
		{"it may not tell", sarama.NewMockOffsetFetchResponse(t).SetError(sarama.ErrGroupAuthorizationFailed), "kafka server: The client is not authorized to access this group", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			client := c.client()
			check(t, "before", client, healthy)
			c.leaders["orders"] = []int32{1, 1} // what b's coordinator leads is another matter
			c.serve()
			c.clock.Step(metadataAge)
			c.answersWith(2, map[string]sarama.MockResponse{"OffsetFetchRequest": test.answer})
			check(t, "meanwhile", client, map[string]wanted{"a": {lag: 30}, "b": {reason: "broker 2 (" + c.brokers[2].Addr() + "): OffsetFetch: " + test.reason}})
			if test.moved {
				c.groups["b"] = 1
			}
			c.serve()
			check(t, "the next round follows", client, healthy)
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
			c.leaders["refunds"] = []int32{1}
			c.serve()
			check(t, "the next round follows", client, map[string]wanted{"a": {lag: 30}, "b": {lag: 3}})
		})
	}
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
	c.clock.Step(metadataAge)
	check(t, "an added partition counts from its start", client, map[string]wanted{"a": {lag: 30 + 90}, "b": {lag: 1 + 90}})
	c.commits["a"]["orders"][3] = 100
	c.leaders["orders"] = []int32{1, 2, 2, 1}
	c.serve()
	check(t, "a commit on an unknown partition has it looked up", client, map[string]wanted{"a": {lag: 30 + 90}})
	c.leaders["orders"] = []int32{1, -1, 2, 1}
	c.serve()
	c.clock.Step(metadataAge)
	check(t, "no leader", client, map[string]wanted{"a": {reason: `topic "orders": partition 1 has no leader`}})
	c.leaders = map[string][]int32{"other": {1}}
	c.serve()
	check(t, "a deleted topic", client, map[string]wanted{"a": {reason: `topic "orders": Metadata: kafka server: Request was for a topic or partition that does not exist`}})
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
