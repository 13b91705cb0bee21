package flink

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// reading makes the stub's source one that reads the topic orders, with positions by the seconds since the job went RUNNING.
func reading(s *stub, next ...func(seconds float64) int64) {
	s.change(func(s *stub) {
		s.vertices[0].sources = func(seconds float64) []rest.Source {
			of := map[int32]int64{}
			for i, at := range next {
				of[int32(i)] = at(seconds)
			}
			return []rest.Source{{Operator: "Source__orders", RecordsIn: new(0.0), Positions: map[string]map[int32]int64{"orders": of}}}
		}
	})
}

func TestLagWhileEverythingMoves(t *testing.T) {
	// The job has read 100 records a second for ten minutes. To one partition more are written than it reads, to the other as many.
	begun, steady := growing(70_000, 300), growing(60_040, 100)
	position := func(seconds float64) int64 { return int64(100 * seconds) }
	tests := []struct {
		name           string
		begun, instant bool
		others         time.Duration // when another poller asks, after each of our rounds; 0: there is none
	}{
		{"a backlog that grows", true, false, 0},
		{"a backlog that grows, with metrics that are there at once", true, true, 0},
		{"hardly any lag", false, false, 0},
		{"hardly any lag, and somebody else has metrics renewed", false, false, 3 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBed(t)
			s := b.stub("orders-0")
			s.change(func(s *stub) { s.instant = test.instant })
			log := steady
			if test.begun {
				log = begun
			}
			cluster := newBroker(t, b.clock, map[string][]partition{"orders": {log, steady}})
			b.opts.Logs = cluster.Logs
			reading(s, position, position)
			key, known := Key{ordersJob, NeedSources, "main"}, 0
			for round := range 40 {
				cluster.look()
				b.clock.Step(test.others)
				if test.others > 0 {
					s.change(func(s *stub) { s.seconds() })
				}
				b.clock.Step(interval - test.others)
				lag := b.Poll(t.Context(), []Key{key})[key].Value.KafkaLag
				if lag.Err != nil {
					if round >= 10 {
						t.Errorf("round %d: %v", round, lag.Err)
					}
					continue
				}
				known++
				unread := func(p partition) float64 {
					return float64(p.end(lag.Time.Sub(cluster.made).Seconds()) - position(lag.Time.Sub(s.running).Seconds()))
				}
				want := unread(log) + unread(steady)
				if off := math.Abs(lag.Value - want); test.others == 0 && off > 2 || lag.Value < 0 || lag.Value > want+2 {
					t.Errorf("round %d: lag %v, want %v", round, lag.Value, want)
				}
				if age := b.clock.Since(lag.Time); age > 25*time.Second {
					t.Errorf("round %d: the lag is %s old", round, age)
				}
			}
			if known < 30 {
				t.Errorf("the lag was known in %d rounds", known)
			}
		})
	}
}

func TestTheErrorOfALagStaysTheSame(t *testing.T) {
	topics, positions := map[string][]partition{}, map[string]map[int32]int64{}
	for _, topic := range []string{"a", "b", "c"} {
		topics[topic] = []partition{empty(0), empty(0), empty(0)}
		positions[topic] = map[int32]int64{0: 9, 1: 9, 2: 9}
	}
	l := watched(t, clocktesting.NewFakeClock(at(0)), topics, time.Minute)
	seen := look{sourced: at(30 * time.Second), sources: map[string][]rest.Source{sourceID: {{Positions: positions}}}}
	for range 100 {
		if _, _, err := new(history).behind(seen, sourceID, l); !errors.Is(err, errBeyond) || !strings.HasPrefix(err.Error(), `topic "a", partition 0: `) {
			t.Fatal(err)
		}
	}
}

func TestBehind(t *testing.T) {
	clock := clocktesting.NewFakeClock(at(0))
	l := watched(t, clock, map[string][]partition{"orders": {growing(1000, 100), empty(500)}, "refunds": {growing(0, 10)}}, time.Minute)
	partition := func(n int32) rest.TopicPartition { return rest.TopicPartition{Topic: "orders", Partition: n} }
	read := func(next0, next1 int64) rest.Source {
		return rest.Source{Positions: map[string]map[int32]int64{"orders": {0: next0, 1: next1}}}
	}
	with := func(s rest.Source, change func(*rest.Source)) rest.Source {
		change(&s)
		return s
	}
	tests := []struct {
		name    string
		sources []rest.Source // what was seen after 30 s, when partition 0 ended at 4000
		reached int64         // of partition 0, at the epoch's first look
		want    float64
		reason  error
	}{
		{"from the positions to the ends at the time of the look", []rest.Source{read(3500, 500)}, 0, 500, nil},
		{"over all operators and topics", []rest.Source{read(3500, 500), {Positions: map[string]map[int32]int64{"refunds": {0: 270}}}}, 0, 530, nil},
		{"at the end", []rest.Source{read(4000, 500)}, 0, 0, nil},
		{"past the end of then, not of now: somebody else had the metrics renewed", []rest.Source{read(5000, 500)}, 0, 0, nil},
		{"past the end of now", []rest.Source{read(7001, 500)}, 0, 0, errBeyond},
		{"nothing was read of an empty log", []rest.Source{{
			Positions: map[string]map[int32]int64{"orders": {0: 3500}}, Unknown: []rest.TopicPartition{partition(1)},
		}}, 0, 500, nil},
		{"nothing was read of one that isn't", []rest.Source{{
			Positions: map[string]map[int32]int64{"orders": {1: 500}}, Unknown: []rest.TopicPartition{partition(0)},
		}}, 0, 0, errPosition},
		{"a partition that Kafka has not named", []rest.Source{with(read(3500, 500), func(s *rest.Source) { s.Positions["orders"][2] = 5 })}, 0, 0, errUnlisted},
		{"likewise, without a position", []rest.Source{with(read(3500, 500), func(s *rest.Source) { s.Unknown = []rest.TopicPartition{partition(2)} })}, 0, 0, errUnlisted},
		{"a partition that nobody reads", []rest.Source{{Positions: map[string]map[int32]int64{"orders": {0: 3500}}}}, 0, 0, errPartitions},
		{"the position may be a former owner's", []rest.Source{with(read(3500, 500), func(s *rest.Source) { s.Ghosts = map[rest.TopicPartition]bool{partition(0): true} })}, 3500, 0, errGhost},
		{"the owner has passed the former one", []rest.Source{with(read(3501, 500), func(s *rest.Source) { s.Ghosts = map[rest.TopicPartition]bool{partition(0): true} })}, 3500, 499, nil},
		{"a former owner's at the end is as good as any", []rest.Source{with(read(4000, 500), func(s *rest.Source) { s.Ghosts = map[rest.TopicPartition]bool{partition(0): true} })}, 4000, 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := history{reached: map[string][]rest.Source{sourceID: {read(test.reached, 500)}}}
			seen := look{sourced: at(30 * time.Second), sources: map[string][]rest.Source{sourceID: test.sources}}
			got, partitions, err := h.behind(seen, sourceID, l)
			if got != test.want || !errors.Is(err, test.reason) {
				t.Errorf("got %v, %v; want %v, %v", got, err, test.want, test.reason)
			}
			if want := 2 * len(test.sources); err == nil && partitions != max(want-1, 2) {
				t.Errorf("%d partitions", partitions)
			}
		})
	}
}

func TestTheLookThatTheLagIsOf(t *testing.T) {
	clock := clocktesting.NewFakeClock(at(10 * time.Second))
	l := watched(t, clock, map[string][]partition{"orders": {growing(0, 1)}}, 40*time.Second) // from 10 s to 50 s
	seen := func(read, sourced time.Duration) look {
		return look{at: at(read), read: at(read), sources: positions(1), sourced: at(sourced)}
	}
	unasked, undated := seen(40*time.Second, 35*time.Second), seen(40*time.Second, 35*time.Second)
	unasked.sources, undated.sourced = nil, time.Time{}
	unlisted := seen(40*time.Second, 35*time.Second)
	unlisted.sources = map[string][]rest.Source{sourceID: {{Pending: new(0.0)}}}
	tests := []struct {
		name   string
		looks  []look
		want   time.Duration // when it was sourced
		reason error
	}{
		{"the newest", []look{seen(35*time.Second, 30*time.Second), seen(40*time.Second, 35*time.Second)}, 35 * time.Second, nil},
		{"the newest that Kafka was looked at after", []look{seen(40*time.Second, 35*time.Second), seen(49500*time.Millisecond, 40*time.Second)}, 35 * time.Second, nil},
		{"the newest with positions", []look{seen(35*time.Second, 30*time.Second), unasked}, 30 * time.Second, nil},
		{"the newest with positions of a known time", []look{seen(35*time.Second, 30*time.Second), undated}, 30 * time.Second, nil},
		{"the newest with positions, once they are listed", []look{seen(35*time.Second, 30*time.Second), unlisted}, 30 * time.Second, nil},
		{"none from before they were listed", []look{unlisted}, 0, errNoLook},
		{"none is that old", []look{seen(50*time.Second, 45*time.Second), seen(55*time.Second, 50*time.Second)}, 0, errKafkaBehind},
		{"from before Kafka was looked at", []look{seen(15*time.Second, 5*time.Second)}, 0, errNoLook},
		{"none", nil, 0, errNoLook},
		{"none with positions", []look{unasked}, 0, errNoLook},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := (&history{looks: test.looks}).kafkaLook(sourceID, l)
			if !errors.Is(err, test.reason) || err == nil && !got.sourced.Equal(at(test.want)) {
				t.Errorf("got %s, %v; want %s, %v", got.sourced, err, test.want, test.reason)
			}
		})
	}
}

func TestLogsOf(t *testing.T) {
	clock := clocktesting.NewFakeClock(at(0))
	known := watched(t, clock, map[string][]partition{"orders": {growing(0, 1)}}, interval).byTopic["orders"]
	ask := func(_ string, topics []string) snapshot.Sample[kafka.Group] {
		group := kafka.Group{Logs: map[string]kafka.Log{}}
		for _, topic := range topics {
			if group.Logs[topic] = known; topic == "ghost" {
				group.Logs[topic] = kafka.Log{Err: kafka.ErrNotFound}
			}
		}
		return snapshot.Sample[kafka.Group]{Value: group}
	}
	of := func(topic string) map[string][]rest.Source {
		return map[string][]rest.Source{sourceID: {{Positions: map[string]map[int32]int64{topic: {0: 5}}}}}
	}
	tests := []struct {
		name    string
		sources map[string][]rest.Source
		cluster string
		ask     KafkaLogs
		want    error
		message string
	}{
		{"known", of("orders"), "main", ask, nil, ""},
		{"of partitions without a position too", map[string][]rest.Source{sourceID: {{Unknown: []rest.TopicPartition{{Topic: "orders"}}}}}, "main", ask, nil, ""},
		{"no source of Kafka", map[string][]rest.Source{sourceID: {{Pending: new(5.0)}}}, "main", ask, errNoKafkaSource, ""},
		{"no source of Kafka, and no cluster", nil, "", nil, errNoKafkaSource, ""},
		{"no cluster", of("orders"), "", nil, errNoKafka, ""},
		{"nothing known of the cluster", of("orders"), "main", func(string, []string) snapshot.Sample[kafka.Group] {
			return snapshot.Fail[kafka.Group](snapshot.ErrNone)
		}, snapshot.ErrNone, `Kafka cluster "main": nothing has been collected yet`},
		{"no such topic", of("ghost"), "main", ask, kafka.ErrNotFound, `topic "ghost" in Kafka cluster "main": not found`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := logsOf(test.sources[sourceID], test.cluster, test.ask)
			if !errors.Is(l.err, test.want) || test.want == nil && l.byTopic["orders"].Partitions() != 1 {
				t.Errorf("got %+v, want %v", l, test.want)
			}
			if test.message != "" && (l.err == nil || l.err.Error()[:len(test.message)] != test.message) {
				t.Errorf("got %v, want %s", l.err, test.message)
			}
		})
	}
}

func TestWritten(t *testing.T) {
	clock := clocktesting.NewFakeClock(at(0))
	l := watched(t, clock, map[string][]partition{"orders": {growing(1000, 100), empty(5)}, "refunds": {growing(7, 10)}}, 30*time.Second)
	sources := []rest.Source{{Positions: map[string]map[int32]int64{"orders": {0: 1}}}, {Unknown: []rest.TopicPartition{{Topic: "refunds"}}}}
	_, last := l.seen()
	if got, err := l.written(sources, last, length); got != 110 || err != nil {
		t.Errorf("got %v a second, %v; want 110", got, err)
	}
	if got, err := l.written(sources, last, 31*time.Second); !errors.Is(err, errNoLook) {
		t.Errorf("over more than was seen: %v, %v", got, err)
	}
}

func TestRise(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(seconds float64) int64
		seen time.Duration
		want float64
	}{
		{"a steady load does not rise", func(s float64) int64 { return int64(100 * s) }, time.Minute, 0},
		{"one that rises by as much each second", func(s float64) int64 { return int64(5 * s * s) }, time.Minute, 10},
		{"one that rises ever more: the least counts", func(s float64) int64 { return int64(s * s * s) }, time.Minute, 180}, // from 20..30 s to 30..40 s
		{"a step does not", func(s float64) int64 { return int64(100*s + 900*max(s-45, 0)) }, time.Minute, 0},
		{"one that falls does not", func(s float64) int64 { return int64(1000*s - 5*s*s) }, time.Minute, 0},
		{"one that was not watched for long enough", func(s float64) int64 { return int64(5 * s * s) }, 35 * time.Second, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := clocktesting.NewFakeClock(at(0))
			l := watched(t, clock, map[string][]partition{"orders": {{end: test.end}}}, test.seen)
			got := l.rise([]rest.Source{{Positions: map[string]map[int32]int64{"orders": {0: 1}}}})
			if math.Abs(got-test.want) > 1 {
				t.Errorf("got %v a second more each second, want %v", got, test.want)
			}
		})
	}
}
