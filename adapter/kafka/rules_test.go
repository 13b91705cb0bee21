package kafka

import (
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// tally is a Meter that remembers.
type tally struct {
	mu          sync.Mutex
	requests    map[string]int
	failures    map[string]int
	connections int
	groups      int
	partitions  int
	lost        map[string]int64
}

func newTally() *tally {
	return &tally{requests: map[string]int{}, failures: map[string]int{}, lost: map[string]int64{}}
}

func (m *tally) with(f func()) { m.mu.Lock(); defer m.mu.Unlock(); f() }

func (m *tally) Requested(request string) { m.with(func() { m.requests[request]++ }) }
func (m *tally) Failed(kind string)       { m.with(func() { m.failures[kind]++ }) }
func (m *tally) Connected(delta int)      { m.with(func() { m.connections += delta }) }
func (m *tally) Tracked(groups, partitions int) {
	m.with(func() { m.groups, m.partitions = groups, partitions })
}
func (m *tally) Lost(group, topic string, records int64) {
	m.with(func() { m.lost[group+"/"+topic] = records })
}

func TestAGroupThatNeverCommitted(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.groups["silent"] = 1
	c.serve()
	client := c.client()
	check(t, "an error by default", client, map[string]wanted{"silent": {reason: "never committed"}, "ghost": {reason: "no broker knows"}}, "orders")

	c.rules.UncommittedGroup = config.Earliest
	client = c.client()
	check(t, "all of the topics named", client, map[string]wanted{"silent": {lag: 180}, "ghost": {lag: 180}}, "orders")
	check(t, "without a topic there is nothing to count", client, map[string]wanted{"silent": {reason: "never committed"}, "ghost": {reason: "no broker knows"}})
	check(t, "a topic that isn't there", client, map[string]wanted{"silent": {reason: `topic "refunds": not found: the topic does not exist`}}, "refunds")

	c.rules.UncommittedGroup = config.Latest
	check(t, "or nothing of them", c.client(), map[string]wanted{"silent": {lag: 0}, "ghost": {lag: 0}}, "orders")
}

func TestATopicThatTheGroupHasNotReadYetCountsByName(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.leaders["refunds"], c.starts["refunds"], c.ends["refunds"] = []int32{2}, 0, 7
	c.serve()
	client := c.client()
	check(t, "by name", client, map[string]wanted{"a": {lag: 30 + 7}}, "orders", "refunds")
	check(t, "but not among all that it has committed", client, map[string]wanted{"a": {lag: 30}})
	c.rules.UncommittedPartition = config.Error
	check(t, "or it is an error", c.client(), map[string]wanted{"a": {reason: "nothing on one of its partitions, and lag.uncommittedPartition of the cluster is error"}}, "orders", "refunds")
}

func TestRecordsThatWereDeletedUnreadAreCounted(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	meter := newTally()
	client := c.metered(meter)
	check(t, "before", client, healthy)
	check(t, "the log starts are known", client, healthy)
	c.starts["orders"] = 85
	c.serve()
	c.clock.Step(metadataMaxAge)
	check(t, "what is gone is no lag", client, map[string]wanted{"a": {lag: 10 + 15}, "b": {lag: 1}})
	if want := map[string]int64{"a/orders": 5}; !maps.Equal(meter.lost, want) {
		t.Errorf("told of %v, want %v", meter.lost, want)
	}
	c.commits["a"]["orders"] = map[int32]int64{0: 90, 1: 90}
	c.serve()
	check(t, "read on", client, map[string]wanted{"a": {lag: 20}, "b": {lag: 1}})
	if want := map[string]int64{"a/orders": 0}; !maps.Equal(meter.lost, want) {
		t.Errorf("told of %v, want %v", meter.lost, want)
	}
	c.rules.BeforeLogStart = config.Error
	c.starts["orders"] = 95
	c.serve()
	client = c.client()
	client.Poll(t.Context(), []Key{{Group: "a"}})
	check(t, "or an error", client, map[string]wanted{"a": {reason: "partition 0: records were deleted before the group had read them"}})
}

func TestATopicCreatedAnew(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	check(t, "before", client, healthy)
	check(t, "the log starts are known", client, healthy)
	c.starts["orders"], c.ends["orders"] = 0, 50
	c.serve()
	check(t, "its old commits mean nothing", client, map[string]wanted{"a": {reason: "past the log's end"}, "b": {reason: "past the log's end"}})
	c.commits["a"]["orders"] = map[int32]int64{0: 5, 1: 40}
	c.serve()
	check(t, "new commits are not before the old log's start", client, map[string]wanted{"a": {lag: 45 + 10}})
	c.rules.PastLogEnd = config.Earliest
	check(t, "or all of it is before the group", c.client(), map[string]wanted{"b": {lag: 100}})
}

func TestADeletedTopic(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.leaders["refunds"], c.starts["refunds"], c.ends["refunds"] = []int32{2}, 0, 7
	c.commits["a"]["refunds"] = map[int32]int64{0: 3}
	delete(c.leaders, "orders")
	c.serve()
	check(t, "an error by default", c.client(), map[string]wanted{"a": {reason: `topic "orders": not found: the topic does not exist`}})
	c.rules.DeletedTopic = config.Ignore
	client := c.client()
	check(t, "left out while others are left", client, map[string]wanted{"a": {lag: 4}, "b": {reason: "never committed"}})
	check(t, "but not by name", client, map[string]wanted{"a": {reason: `topic "orders": not found`}}, "orders")
}

func TestTheMeterIsTold(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	meter := newTally()
	client := c.metered(meter)
	check(t, "a round", client, map[string]wanted{"a": {lag: 30}, "b": {lag: 1}, "ghost": {reason: "no broker"}})
	if got := c.requests(); !maps.Equal(got, meter.requests) {
		t.Errorf("told of %v, sent were %v", meter.requests, got)
	}
	if meter.groups != 3 || meter.partitions != 2 || meter.connections != 2 {
		t.Errorf("told of %d groups, %d partitions, %d connections", meter.groups, meter.partitions, meter.connections)
	}
	c.answersWith(2, map[string]sarama.MockResponse{
		"OffsetFetchRequest": sarama.NewMockOffsetFetchResponse(t).SetError(sarama.ErrGroupAuthorizationFailed),
	})
	check(t, "refused", client, map[string]wanted{"a": {lag: 30}, "b": {reason: "not authorized"}})
	c.answersWith(2, map[string]sarama.MockResponse{"OffsetRequest": nil})
	check(t, "no answer", client, map[string]wanted{"a": {reason: "no answer in time"}})
	if want := map[string]int{failedAuthorization: 1, failedTimeout: 1}; !maps.Equal(meter.failures, want) {
		t.Errorf("told of failures %v, want %v", meter.failures, want)
	}
	for _, kind := range []string{failedAuthorization, failedTimeout} {
		found := false
		for _, known := range Kinds() {
			found = found || known == kind
		}
		if !found {
			t.Errorf("kind %s is not among Kinds", kind)
		}
	}
}

func TestRenewedSettingsTakeNewConnections(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	meter := newTally()
	var changed bool
	var failure error
	calls := 0
	client := New(Options{
		BootstrapServers: []string{c.brokers[1].Addr()}, Interval: 5 * time.Second, Timeout: 6 * time.Second, MetadataMaxAge: metadataMaxAge,
		Lag: c.rules, Clock: c.clock, Meter: meter,
		Secure: func(*sarama.Config) (bool, error) { calls++; return changed, failure },
	})
	t.Cleanup(client.Close)
	failure = errors.New("tls.caFile: no such file")
	check(t, "no settings", client, map[string]wanted{"a": {reason: "connect: tls.caFile: no such file"}})
	failure, changed = nil, true
	check(t, "settings", client, healthy)
	before := client.conf
	changed = false
	check(t, "the same settings", client, healthy)
	failure = errors.New("sasl.passwordFile: is empty")
	check(t, "bad settings leave the old ones", client, healthy)
	if client.conf != before {
		t.Error("settings were replaced without need")
	}
	failure, changed = nil, true
	check(t, "renewed settings", client, healthy)
	if client.conf == before || calls != 5 {
		t.Errorf("settings were not replaced, or asked for %d times in 5 rounds", calls)
	}
}
