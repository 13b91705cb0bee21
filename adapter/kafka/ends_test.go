package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

// seen is a Log of looks at two partitions, from second 0 on, one every five seconds. The second one's ends are ten times the first's.
func seen(ends ...int64) Log {
	l := Log{Topic: "orders", starts: []int64{0, unknownStart}}
	for i, end := range ends {
		l.looks = after(l.looks, look{at(float64(5 * i)), []int64{end, 10 * end}}, pollInterval)
	}
	return l
}

func TestWhereALogEndedAt(t *testing.T) {
	log := seen(100, 150, 150, 250) // at seconds 0, 5, 10 and 15
	for _, test := range []struct {
		name   string
		second float64
		want   int64
	}{
		{"at the oldest look", 0, 100},
		{"before the oldest look", -10, 100},
		{"at a look", 5, 150},
		{"while nothing was written", 7, 150},
		{"in proportion between two looks", 12.5, 200},
		{"at the newest look", 15, 250},
		{"after the newest look", 20, 250},
	} {
		t.Run(test.name, func(t *testing.T) {
			for partition, want := range []int64{test.want, 10 * test.want} {
				if got := log.EndAt(partition, at(test.second)); got != want {
					t.Errorf("partition %d: got %d, want %d", partition, got, want)
				}
			}
		})
	}
	if first, last := log.Seen(); !first.Equal(at(0)) || !last.Equal(at(15)) {
		t.Errorf("seen from %s to %s", first, last)
	}
	if got := log.Partitions(); got != 2 {
		t.Errorf("%d partitions", got)
	}
	if start, ok := log.Start(0); start != 0 || !ok {
		t.Errorf("partition 0 starts at %d, %t", start, ok)
	}
	if start, ok := log.Start(1); ok {
		t.Errorf("partition 1 starts at %d, which nobody has asked for", start)
	}
}

func TestALogThatIsNotKnownWasNotSeen(t *testing.T) {
	log := Log{Err: errNoTopic}
	if first, last := log.Seen(); !first.IsZero() || !last.IsZero() || log.Partitions() != 0 {
		t.Errorf("%d partitions, seen from %s to %s", log.Partitions(), first, last)
	}
}

func TestWhatIsKeptOfALog(t *testing.T) {
	tests := []struct {
		name  string
		every time.Duration
		least time.Duration // that it reaches back
		most  int           // looks
	}{
		{"at the usual interval", pollInterval, LogReach, 37},
		{"at the shortest interval", time.Second, LogReach, 181},
		{"at a long interval", time.Minute, LogReach, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var looks []look
			for i := range 1000 {
				looks = after(looks, look{at(0).Add(time.Duration(i) * test.every), []int64{int64(i)}}, test.every)
			}
			first, last := Log{looks: looks}.Seen()
			if reach := last.Sub(first); reach < test.least || reach >= test.least+test.every || len(looks) > test.most {
				t.Errorf("%d looks reach back %s", len(looks), reach)
			}
		})
	}
}

// Each key that is new has a round of its own, and there may be many within an interval.
func TestRoundsThatComeCloseTogetherKeepFewLooks(t *testing.T) {
	var looks []look
	for i := range 10_000 {
		looks = after(looks, look{at(float64(i) / 20), []int64{int64(i)}}, pollInterval)
	}
	log := Log{looks: looks}
	first, last := log.Seen()
	if most := 2*int(LogReach/pollInterval) + 3; len(looks) > most || last.Sub(first) < LogReach || !last.Equal(at(499.95)) {
		t.Errorf("%d looks, from %s to %s", len(looks), first, last)
	}
	for second := range 100 {
		if got, want := log.EndAt(0, at(400+float64(second))), int64(20*(400+second)); got < want-1 || got > want {
			t.Errorf("second %d: got %d, want %d", second, got, want)
		}
	}
}

func TestALogIsNotMadeUpWhereNobodyLooked(t *testing.T) {
	looks := after(seen(100, 150, 200).looks, look{at(30), []int64{900, 9000}}, pollInterval)
	if first, _ := (Log{looks: looks}).Seen(); !first.Equal(at(0)) {
		t.Errorf("after missing a few rounds it is seen from %s", first)
	}
	looks = after(looks, look{at(50.001), []int64{950, 9500}}, pollInterval)
	if first, last := (Log{looks: looks}).Seen(); !first.Equal(last) || !first.Equal(at(50.001)) {
		t.Errorf("after a long time without looks it is seen from %s to %s", first, last)
	}
}

func FuzzWhereALogEndedAt(f *testing.F) {
	f.Add([]byte{10, 5, 0, 5, 200, 1}, int16(7), int16(9))
	f.Add([]byte{1, 0, 1, 0, 1, 25, 90, 5}, int16(-5), int16(40))
	f.Fuzz(func(t *testing.T, rounds []byte, early, late int16) {
		var looks []look
		now, end := 0.0, int64(0)
		for i := 0; i+1 < len(rounds); i += 2 { // growth, seconds
			end, now = end+int64(rounds[i])<<(rounds[i]%32), now+float64(rounds[i+1])
			before := slices.Clone(looks)
			next := after(looks, look{at(now), []int64{end}}, pollInterval)
			if !slices.EqualFunc(before, looks, func(a, b look) bool { return a.at.Equal(b.at) && slices.Equal(a.ends, b.ends) }) {
				t.Fatal("what a Log may hold has changed")
			}
			looks = next
		}
		if len(looks) == 0 {
			return
		}
		log := Log{looks: looks}
		for i, k := range looks {
			if i > 0 && !k.at.After(looks[i-1].at) {
				t.Fatalf("look %d is out of order", i)
			}
			if got := log.EndAt(0, k.at); got != k.ends[0] {
				t.Errorf("at look %d: %d, want %d", i, got, k.ends[0])
			}
		}
		early, late = min(early, late), max(early, late)
		first, last := log.EndAt(0, at(float64(early))), log.EndAt(0, at(float64(late)))
		if oldest, newest := looks[0].ends[0], looks[len(looks)-1].ends[0]; first < oldest || first > last || last > newest || newest != end {
			t.Errorf("%d, then %d, within %d to %d", first, last, oldest, newest)
		}
	})
}

// logsOf polls for the logs of topics alone.
func logsOf(t *testing.T, client *Client, topics ...string) map[string]Log {
	t.Helper()
	key := LogsKey(topics...)
	sample, ok := client.Poll(t.Context(), []Key{key})[key]
	if !ok || sample.Err != nil || len(sample.Value.Logs) != len(topics) {
		t.Fatalf("got %+v", sample)
	}
	return sample.Value.Logs
}

func TestLogsCostOneRequestALeader(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	log := logsOf(t, client, "orders")["orders"]
	if _, known := log.Start(0); log.Topic != "orders" || log.Partitions() != 2 || log.EndAt(1, c.clock.Now()) != 100 || known {
		t.Errorf("got %+v", log)
	}
	cold := map[string]int{"DescribeCluster": 1, "Metadata": 1, "ListOffsets": 2}
	if got := c.requests(); !maps.Equal(got, cold) {
		t.Errorf("a cold poll asked %v, want %v", got, cold)
	}
	c.clock.Step(5 * time.Second)
	if start, known := logsOf(t, client, "orders")["orders"].Start(1); start != 10 || !known {
		t.Errorf("it starts at %d, %t", start, known)
	}
	c.clock.Step(5 * time.Second)
	logsOf(t, client, "orders")
	warm := map[string]int{"DescribeCluster": 1, "Metadata": 1, "ListOffsets": 2 + 4 + 2}
	if got := c.requests(); !maps.Equal(got, warm) {
		t.Errorf("a second and a warm poll brought it to %v, want %v", got, warm)
	}
}

func TestLogsShareTheRequestsOfGroups(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.leaders["refunds"], c.starts["refunds"], c.ends["refunds"] = []int32{1, 2}, 0, 7
	c.serve()
	client := c.client()
	keys := []Key{NewKey("a"), LogsKey("orders", "refunds"), LogsKey("refunds")}
	for range 3 {
		samples := client.Poll(t.Context(), keys)
		if total, err := samples[keys[0]].Value.Total(Choice{}); err != nil || total.Lag != 30 {
			t.Errorf("the group: %+v, %v", total, err)
		}
		for _, key := range keys[1:] {
			if log := samples[key].Value.Logs["refunds"]; log.Err != nil || log.EndAt(0, c.clock.Now()) != 7 {
				t.Errorf("%s: %+v", key, log)
			}
		}
		c.clock.Step(5 * time.Second)
	}
	want := map[string]int{"DescribeCluster": 1, "ListGroups": 2, "OffsetFetch": 3, "Metadata": 1, "ListOffsets": 8}
	if got := c.requests(); !maps.Equal(got, want) {
		t.Errorf("three polls asked %v, want %v", got, want)
	}
	if trails := client.topics["refunds"].trails; len(trails[0].marks) != 0 {
		t.Errorf("a trail is kept that no group needs: %+v", trails)
	}
}

func TestALogRemembersItsLooks(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	start := c.clock.Now()
	old := logsOf(t, client, "orders")["orders"]
	c.ends["orders"] = 150
	c.serve()
	c.clock.Step(5 * time.Second)
	log := logsOf(t, client, "orders")["orders"]
	if got := log.EndAt(0, start.Add(2*time.Second)); got != 120 {
		t.Errorf("after two of five seconds it ended at %d, want 120", got)
	}
	if first, last := old.Seen(); !first.Equal(start) || !last.Equal(start) || old.EndAt(0, c.clock.Now()) != 100 {
		t.Errorf("a Log that was given away has changed: %+v", old)
	}
	if _, known := old.Start(0); known {
		t.Error("a Log that was given away has learned where the topic starts")
	}
	logsOf(t, client, "orders")
	c.ends["orders"], c.starts["orders"] = 20, 0
	c.serve()
	c.clock.Step(5 * time.Second)
	log = logsOf(t, client, "orders")["orders"]
	if first, _ := log.Seen(); !first.Equal(c.clock.Now()) || log.EndAt(0, start) != 20 {
		t.Errorf("created anew it is %+v", log)
	}
	if start, known := log.Start(0); known {
		t.Errorf("the old log's start %d counts for the new one", start)
	}
	c.leaders["orders"] = []int32{1, 2, 2}
	c.serve()
	c.clock.Step(5 * time.Second) // the metadata is asked for again, since the logs are other ones
	log = logsOf(t, client, "orders")["orders"]
	if first, _ := log.Seen(); log.Partitions() != 3 || !first.Equal(c.clock.Now()) {
		t.Errorf("with a partition more it is %+v", log)
	}
}

func TestAnotherTopicOfTheSameNameHasNoPast(t *testing.T) {
	partitions := []*sarama.PartitionMetadata{{ID: 0}, {ID: 1}}
	topic := topic{id: sarama.Uuid{1}, leaders: []int32{1, 1}, looks: seen(100).looks}
	topic.lead(&sarama.TopicMetadata{Uuid: sarama.Uuid{1}, Partitions: partitions}, at(0))
	if len(topic.looks) != 1 {
		t.Error("the topic has forgotten its logs")
	}
	topic.lead(&sarama.TopicMetadata{Uuid: sarama.Uuid{2}, Partitions: partitions}, at(0))
	if len(topic.looks) != 0 {
		t.Errorf("the new topic remembers %+v", topic.looks)
	}
}

func TestALogThatFailsCostsNoOther(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.leaders = map[string][]int32{"orders": {1, 1}, "refunds": {1, 2}, "headless": {-1}}
	c.starts["refunds"], c.ends["refunds"] = 0, 7
	c.serve()
	c.answersWith(2, map[string]sarama.MockResponse{"OffsetRequest": nil})
	client := c.client()
	check := func(want map[string]string) {
		t.Helper()
		for name, log := range logsOf(t, client, slices.Collect(maps.Keys(want))...) {
			if got := fmt.Sprint(log.Err); got != want[name] {
				t.Errorf("%s: got %q, want %q", name, got, want[name])
			}
		}
	}
	check(map[string]string{
		"orders": "<nil>", "headless": "partition 0 has no leader", "ghost": "not found: the topic does not exist",
		"refunds": "broker 2 (" + c.brokers[2].Addr() + "): ListOffsets: no answer in time",
	})
	if log := logsOf(t, client, "ghost")["ghost"]; !errors.Is(log.Err, ErrNotFound) {
		t.Errorf("%v is not ErrNotFound", log.Err)
	}
	c.serve()
	check(map[string]string{"orders": "<nil>", "refunds": "<nil>"})
}

func TestWithoutKafkaThereAreNoLogs(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client()
	c.stop(1)
	c.stop(2)
	key := LogsKey("orders")
	if sample := client.Poll(t.Context(), []Key{key})[key]; sample.Err == nil {
		t.Errorf("got %+v", sample)
	}
}

// BenchmarkLogs is what a round of a thousand keys costs apart from the requests.
func BenchmarkLogs(b *testing.B) {
	const topics, partitions = 100, 12
	client := New(Options{Interval: pollInterval, Timeout: time.Second, MetadataMaxAge: metadataMaxAge})
	logs := map[string]*log{}
	for i := range topics {
		name := fmt.Sprintf("topic-%d", i)
		client.topics[name] = &topic{starts: make([]int64, partitions)}
		logs[name] = &log{partitions: make([]extent, partitions)}
	}
	keys := make([]Key, 1000)
	for i := range keys {
		keys[i] = LogsKey(fmt.Sprintf("topic-%d", i%topics), fmt.Sprintf("topic-%d", (i+1+i/topics)%topics))
	}
	b.ReportAllocs()
	for round := 0; b.Loop(); round++ {
		for _, l := range logs {
			for i := range l.partitions {
				l.partitions[i].end, l.partitions[i].at = int64(1000*round), at(float64(5*round))
			}
		}
		_, logKeys, names := byGroup(keys)
		known := client.look(client.resolve(b.Context(), names), logs)
		for _, key := range logKeys {
			if group := pick(key, known); len(group.Logs) != 2 {
				b.Fatalf("%s: %+v", key, group)
			}
		}
	}
}
