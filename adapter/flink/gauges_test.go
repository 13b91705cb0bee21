package flink

import (
	"math"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// gauge is a vertex of one subtask as its gauges tell it, with the records that came in.
func gauge(busy, in float64) []counters {
	return []counters{{Times: rest.Times{Busy: busy, Idle: 1000 - busy}, in: in}}
}

func TestIntegral(t *testing.T) {
	type question struct {
		now       int64 // s
		seen      []counters
		busy, all float64 // ms so far; -1: nothing is known
	}
	tests := []struct {
		name  string
		asked []question
	}{
		{"what is new stands for the time between the two questions that had it and the one before fetched", []question{
			{100, gauge(900, 1), -1, -1}, // of anybody's question, long ago
			{105, gauge(500, 5), 0, 0},   // as it was after 100 s
			{110, gauge(500, 5), 0, 0},
			{115, gauge(500, 5), 0, 0}, // it has others fetched now
			{120, gauge(200, 9), 3000, 15_000},
		}},
		{"gauges that never change go on for ever", []question{
			{100, gauge(0, 5), -1, -1}, {105, gauge(0, 5), 0, 0}, {110, gauge(0, 5), 0, 0}, {115, gauge(0, 5), 0, 0}, {120, gauge(0, 5), 0, 5_000}, {125, gauge(0, 5), 0, 10_000},
		}},
		{"and when they change at last, no time counts twice", []question{
			{100, gauge(0, 5), -1, -1}, {110, gauge(0, 5), 0, 0}, {120, gauge(0, 5), 0, 0}, {130, gauge(0, 5), 0, 10_000}, {140, gauge(500, 6), 10_000, 30_000},
		}},
		{"a JobManager's clock that was set back adds nothing", []question{
			{100, gauge(500, 1), -1, -1}, {105, gauge(500, 2), 0, 0}, {120, gauge(500, 3), 2500, 5000}, {60, gauge(500, 4), 10_000, 20_000}, {65, gauge(500, 5), 10_000, 20_000},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s integral
			for _, q := range test.asked {
				summed, known := s.add(jobID, q.now*1000, q.seen)
				if known != (q.all >= 0) {
					t.Fatalf("after %d s: known %t", q.now, known)
				}
				if got := summed[0]; known && (got.Busy != q.busy || elapsed(got.Times) != q.all || got.in != q.seen[0].in) {
					t.Errorf("after %d s: got %+v, want busy %v of %v", q.now, got, q.busy, q.all)
				}
			}
			if _, known := s.add("another job", 1e6, gauge(1, 1)); known {
				t.Error("another job begins with what is known of this one")
			}
		})
	}
}

func TestAJobOfBefore1_16(t *testing.T) {
	for _, test := range []struct {
		name      string
		gauges    rest.Gauges // of two subtasks
		in        float64
		busy, bpr float64
	}{
		{"one that works", rest.Gauges{Busy: 1200, Idle: 600, Backpressured: 200}, 100, 0.6, 0.1},
		{"one that idles, so that nothing ever changes", rest.Gauges{Idle: 2000}, 0, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBed(t)
			s := b.stub("orders-0")
			s.change(func(s *stub) {
				s.fetched = s.clock.Now().Add(-time.Hour) // when somebody looked last
				for _, v := range s.vertices {
					v.gauges = &test.gauges
					v.numbers = steady(counters{in: test.in}).numbers
				}
			})
			key := Key{Cluster: ordersJob}
			b.rounds(9, key)
			for range 12 {
				job := b.rounds(1, key)[key]
				wantReading(t, "busy", job.Busy, test.busy, nil)
				wantReading(t, "back-pressured", job.Backpressured, test.bpr, nil)
				w, err := b.clusters[ordersJob].window(length)
				if in, _ := w.rates(1); err != nil || math.Abs(in-test.in) > 0.2*test.in {
					t.Errorf("%v records a second, %v; want %v", in, err, test.in)
				}
			}
			if b.meter.requests[rest.RequestGauges] != 2*21 {
				t.Errorf("%d questions about gauges, want one for each vertex and round", b.meter.requests[rest.RequestGauges])
			}
		})
	}
}
