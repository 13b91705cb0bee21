package flink

import (
	"errors"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// reads is a history of a vertex that has read and emitted so much a second in the eyes of its task, and of what its source
// operators told 20 s ago and now.
func reads(each counters, before, after []rest.Source) *history {
	shape := epoch{job: jobID, vertices: []vertexShape{{sourceID, 1, 1}}}
	h := &history{epoch: shape}
	for _, seconds := range []float64{60, 75, 80} {
		sources := after
		if seconds == 60 {
			sources = before
		}
		passed := time.Duration(seconds) * time.Second
		seen := look{at: at(passed), now: passed.Milliseconds(), sourced: at(passed - 10*time.Second), sources: map[string][]rest.Source{sourceID: sources},
			vertices: []counters{{Times: rest.Times{Idle: 1000 * seconds}, in: each.in * seconds, out: each.out * seconds}}}
		h.looks = append(h.looks, seen)
	}
	return h
}

func TestRecordsIn(t *testing.T) {
	at0 := func(next int64) map[string]map[int32]int64 {
		return map[string]map[int32]int64{"orders": {0: next, 1: 10}}
	}
	tests := []struct {
		name          string
		each          counters
		before, after []rest.Source
		want          float64
		reason        error
	}{
		{"Flink 2 counts what a source reads as what comes into its vertex", counters{in: 50, out: 70},
			[]rest.Source{{RecordsIn: new(0.0)}}, []rest.Source{{RecordsIn: new(9999.0)}}, 50, nil},
		{"before that the source does", counters{out: 70}, []rest.Source{{RecordsIn: new(1000.0)}}, []rest.Source{{RecordsIn: new(1800.0)}}, 40, nil},
		{"over all sources of the vertex", counters{out: 70}, []rest.Source{{RecordsIn: new(1000.0)}, {RecordsIn: new(0.0)}},
			[]rest.Source{{RecordsIn: new(1800.0)}, {RecordsIn: new(200.0)}}, 50, nil},
		{"before 1.14 its positions tell", counters{out: 70}, []rest.Source{{Positions: at0(100)}}, []rest.Source{{Positions: at0(900)}}, 40, nil},
		{"where one is unknown they don't", counters{out: 70}, []rest.Source{{Positions: at0(100)}},
			[]rest.Source{{Positions: at0(900), Unknown: []rest.TopicPartition{{Topic: "orders", Partition: 2}}}}, 0, errNoLook},
		{"a source that is new can't be compared", counters{out: 70}, []rest.Source{{RecordsIn: new(1000.0)}},
			[]rest.Source{{RecordsIn: new(1800.0)}, {RecordsIn: new(1.0)}}, 0, errNoLook},
		{"of a source of the old kind what it emits counts", counters{out: 70}, []rest.Source{}, []rest.Source{}, 70, nil},
		{"a source that has read nothing is a true 0", counters{}, []rest.Source{{RecordsIn: new(0.0)}}, []rest.Source{{RecordsIn: new(0.0)}}, 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := reads(test.each, test.before, test.after)
			w, err := h.window(length)
			if err != nil {
				t.Fatal(err)
			}
			wantReading(t, "records in", h.recordsIn(w, 0), test.want, test.reason)
		})
	}
}

func TestGrowthTakesARefreshAtLeast(t *testing.T) {
	h := reads(counters{}, []rest.Source{{RecordsIn: new(0.0)}}, []rest.Source{{RecordsIn: new(800.0)}})
	h.looks[0].sourced = at(61 * time.Second)
	if got := h.growth(sourceID, func(s rest.Source) *float64 { return s.RecordsIn }); !errors.Is(got.Err, errNoLook) {
		t.Errorf("over 9 s: %+v", got)
	}
	h.looks[0].sourced = at(60 * time.Second)
	wantReading(t, "over 10 s", h.growth(sourceID, func(s rest.Source) *float64 { return s.RecordsIn }), 80, nil)
}

func TestPendingAndEventLag(t *testing.T) {
	both := []rest.Source{{Pending: new(5.0), EventTimeLag: new(time.Second)}, {Pending: new(7.0), EventTimeLag: new(3 * time.Second)}}
	one := []rest.Source{{Pending: new(5.0), EventTimeLag: new(time.Second)}, {}}
	for _, test := range []struct {
		name          string
		sources       []rest.Source
		pending       float64
		pendingReason error
		lag           float64
		lagReason     error
	}{
		{"all that are pending, and the largest lag", both, 12, nil, 3, nil},
		{"one that says nothing leaves the sum unknown, not the lag", one, 0, errNoPending, 1, nil},
		{"none says anything", []rest.Source{{}}, 0, errNoPending, 0, errNoEventTime},
		{"no source of the new kind", nil, 0, errNoPending, 0, errNoEventTime},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, _ := reads(counters{}, test.sources, test.sources).window(length)
			wantReading(t, "pending", w.pending(sourceID), test.pending, test.pendingReason)
			wantReading(t, "event lag", w.eventLag(sourceID), test.lag, test.lagReason)
		})
	}
}
