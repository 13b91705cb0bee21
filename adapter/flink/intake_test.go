package flink

import (
	"errors"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

func TestFactsWithoutKafka(t *testing.T) {
	down := errors.New("broker 1: no answer in time")
	source := func(read, pending float64) []rest.Source {
		return []rest.Source{{RecordsIn: &read, Pending: &pending}}
	}
	tests := []struct {
		name   string
		before []rest.Source
		after  []rest.Source // 20 s later
		kafka  error
		want   desired.Source
		reason error
	}{
		{"what is read and how what is pending grows", source(0, 100), source(1500, 400), errNoKafkaSource, desired.Source{Arrival: 90, Backlog: 400}, nil},
		{"less is pending", source(0, 400), source(1500, 100), errNoKafkaSource, desired.Source{Arrival: 60, Backlog: 100}, nil},
		{"no rate is below 0", source(0, 4000), source(1500, 0), errNoKafkaSource, desired.Source{}, nil},
		{"nothing is said to be pending", []rest.Source{{RecordsIn: new(0.0)}}, []rest.Source{{RecordsIn: new(1500.0)}}, errNoKafkaSource,
			desired.Source{Unknown: "it reports neither positions in Kafka partitions nor pendingRecords"}, nil},
		{"a Kafka cluster that nobody named", source(0, 100), source(1500, 400), errNoKafka, desired.Source{Unknown: errNoKafka.Error()}, nil},
		{"a Kafka cluster that is out of reach: nothing stands for it", source(0, 100), source(1500, 400), down, desired.Source{}, down},
		{"what is read is not known yet", []rest.Source{{Pending: new(1.0)}}, []rest.Source{{Pending: new(1.0)}}, errNoKafkaSource, desired.Source{}, errNoLook},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := reads(counters{}, test.before, test.after)
			w, err := h.window(length)
			if err != nil {
				t.Fatal(err)
			}
			in := intake{recordsIn: h.recordsIn(w, 0), pending: w.pending(sourceID)}
			got, err := h.facts(in, sourceID, test.kafka)
			if got != test.want || !errors.Is(err, test.reason) {
				t.Errorf("got %+v, %v; want %+v, %v", got, err, test.want, test.reason)
			}
		})
	}
}

func TestFactsWithKafka(t *testing.T) {
	b := newBed(t)
	s := b.stub("orders-0")
	log := newBroker(t, b.clock, map[string][]partition{"orders": {growing(60_000, 300), empty(5)}})
	b.each, b.opts.Logs = log.look, log.Logs
	reading(s, func(seconds float64) int64 { return int64(100 * seconds) }, func(float64) int64 { return 5 })
	key := Key{ordersJob, needDesired, "main"}
	job := b.ready(key)[key]
	if got := job.Explanation.Decision.Sources; len(got) != 1 || got[0].Unknown != "" || *got[0].Arrival != 300 || *got[0].Backlog != job.KafkaLag.Value || got[0].Partitions != 2 {
		t.Errorf("got %+v", got)
	}
	b.each, log.latest = func() {}, nil
	wantReading(t, "lag while nothing is known of Kafka", b.rounds(1, key)[key].KafkaLag, 0, snapshot.ErrNone)
}

func TestPut(t *testing.T) {
	value := func(v float64, passed time.Duration) Reading { return Reading{Value: v, Time: at(passed)} }
	kafka := intake{recordsIn: value(10, 5*time.Second), pending: value(1, 5*time.Second), kafkaLag: value(100, 2*time.Second), eventLag: value(3, 5*time.Second)}
	other := intake{recordsIn: value(20, 4*time.Second), pending: failed(errNoPending), kafkaLag: failed(errNoKafkaSource), eventLag: failed(errNoEventTime)}
	down := kafka
	down.kafkaLag = failed(errGhost)
	later := kafka
	later.kafkaLag, later.eventLag = value(7, time.Second), value(9, 5*time.Second)
	type want struct {
		value  float64
		reason error
	}
	tests := []struct {
		name                       string
		intakes                    []intake
		err                        error
		in, pending, lag, eventLag want
	}{
		{"one source", []intake{kafka}, nil, want{value: 10}, want{value: 1}, want{value: 100}, want{value: 3}},
		{"the sum over all, and the largest lag of event time", []intake{kafka, later}, nil, want{value: 20}, want{value: 2}, want{value: 107}, want{value: 9}},
		{"a source of something else is left out of the lag, and no sum is a part", []intake{other, kafka}, nil, want{value: 30}, want{0, errNoPending}, want{value: 100}, want{value: 3}},
		{"one source of Kafka that is not known leaves the lag unknown", []intake{kafka, down}, nil, want{value: 20}, want{value: 2}, want{0, errGhost}, want{value: 3}},
		{"no source of Kafka", []intake{other}, nil, want{value: 20}, want{0, errNoPending}, want{0, errNoKafkaSource}, want{0, errNoEventTime}},
		{"nothing is known", nil, errUnplanned, want{0, errUnplanned}, want{0, errUnplanned}, want{0, errUnplanned}, want{0, errUnplanned}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			job := nothing(errNotAsked)
			put(&job, test.intakes, test.err)
			wantReading(t, "records in", job.RecordsIn, test.in.value, test.in.reason)
			wantReading(t, "pending", job.Pending, test.pending.value, test.pending.reason)
			wantReading(t, "lag", job.KafkaLag, test.lag.value, test.lag.reason)
			wantReading(t, "event lag", job.EventLag, test.eventLag.value, test.eventLag.reason)
		})
	}
	if got := added([]Reading{value(1, 5*time.Second), value(2, 3*time.Second), value(3, 4*time.Second)}); got != value(6, 3*time.Second) {
		t.Errorf("the sum is as old as the oldest: %+v", got)
	}
}

func TestAJobWithoutASource(t *testing.T) {
	b := newBed(t)
	s := b.stub("orders-0")
	s.change(func(s *stub) { s.vertices[0].Tasks = map[string]int{"FINISHED": 2} })
	key := Key{Cluster: ordersJob, Needs: needDesired}
	job := b.ready(key)[key]
	wantReading(t, "records in", job.RecordsIn, 0, errNoSource)
	wantReading(t, "desired", job.Desired, 0, errNoSource)
	wantReading(t, "busy", job.Busy, 0.75, nil)
}
