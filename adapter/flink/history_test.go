package flink

import (
	"slices"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// watch is a history under test: one vertex for each rate, twice parallel, looked at every 5 s from when the job went RUNNING.
type watch struct {
	history
	passed time.Duration // since the job went RUNNING
	shape  epoch
	rates  []counters // ms and records per second
	totals []counters
	set    time.Duration // how far the JobManager's clock was set forward
	began  time.Duration // when the epoch did
}

func newWatch(rates ...counters) *watch {
	w := &watch{shape: epoch{job: jobID, running: 1}, rates: rates, totals: make([]counters, len(rates))}
	for i := range rates {
		w.shape.vertices = append(w.shape.vertices, vertexShape{id: string(rune('a' + i)), parallelism: 2, running: 2})
	}
	return w
}

func (w *watch) rounds(n int) *watch {
	for range n {
		w.pass(interval)
		w.look()
	}
	return w
}

func (w *watch) pass(d time.Duration) {
	w.passed += d
	for i, rate := range w.rates {
		to := &w.totals[i]
		to.Busy += rate.Busy * d.Seconds()
		to.Idle += rate.Idle * d.Seconds()
		to.Backpressured += rate.Backpressured * d.Seconds()
		to.in += rate.in * d.Seconds()
		to.out += rate.out * d.Seconds()
		to.Missing, to.Unusable = rate.Missing, rate.Unusable
	}
}

func at(passed time.Duration) time.Time { return time.Unix(1_000_000, 0).Add(passed) }

func (w *watch) look() {
	e := w.shape
	e.vertices = slices.Clone(e.vertices)
	o := observation{epoch: e, now: (w.passed + w.set).Milliseconds(), settled: (w.passed + w.set - w.began).Milliseconds(), counters: slices.Clone(w.totals)}
	w.add(o, at(w.passed), at(w.passed), settle, length)
}

// restart begins a new epoch: the counters start from 0.
func (w *watch) restart() *watch {
	w.shape.running++
	w.began = w.passed
	clear(w.totals)
	return w
}

// ms per second of two subtasks
var (
	quarter = counters{Times: rest.Times{Busy: 500, Idle: 1500}, in: 30, out: 60}
	most    = counters{Times: rest.Times{Busy: 1800, Idle: 100, Backpressured: 100}, in: 900}
	waiting = counters{Times: rest.Times{Busy: 100, Idle: 100, Backpressured: 1800}}
	still   = counters{}
	nan     = counters{Times: rest.Times{Unusable: true}, in: 5, out: 10}
	old     = counters{Times: rest.Times{Missing: true}}
)

func TestHowManyLooksAreKept(t *testing.T) {
	w := newWatch(quarter).rounds(40)
	if n := len(w.looks); n != 5 {
		t.Errorf("%d looks are kept, want those of one window", n)
	}
}

// positions are a source's, one for each partition of the topic.
func positions(next ...int64) map[string][]rest.Source {
	of := map[int32]int64{}
	for i, offset := range next {
		of[int32(i)] = offset
	}
	return map[string][]rest.Source{sourceID: {{Positions: map[string]map[int32]int64{"orders": of}}}}
}

func TestWhenSourcesWereTrue(t *testing.T) {
	same, changed := []counters{{in: 1}}, []counters{{in: 2}}
	tests := []struct {
		name           string
		since, sourced time.Duration // of the look before, after 60 s; 0: never
		sources        map[string][]rest.Source
		vertices       []counters
		want           time.Duration
	}{
		{"what is new was fetched when the look before was taken", 60 * time.Second, 0, positions(2), changed, 60 * time.Second},
		{"unless nothing else is new: then it came while the look was taken", 60 * time.Second, 0, positions(2), same, 65 * time.Second},
		{"what has not changed was as true a refresh before the look before", 30 * time.Second, 35 * time.Second, positions(1), changed, 50 * time.Second},
		{"or when it was new, if that is later", 60 * time.Second, 55 * time.Second, positions(1), same, 55 * time.Second},
		{"what was said first is of no known time", 55 * time.Second, 0, positions(1), changed, 0},
		{"until there has been a refresh", 50 * time.Second, 0, positions(1), changed, 50 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var h history
			told := observation{now: 60_000, settled: time.Hour.Milliseconds(), counters: same, sources: positions(1)}
			h.add(told, at(60*time.Second), at(60*time.Second), settle, length)
			if h.looks[0].since = at(test.since); test.sourced > 0 {
				h.looks[0].sourced = at(test.sourced)
			}
			told.now, told.counters, told.sources = 65_000, test.vertices, test.sources
			h.add(told, at(65*time.Second), at(65*time.Second), settle, length)
			got := h.looks[1].sourced
			if test.want == 0 && !got.IsZero() || test.want > 0 && !got.Equal(at(test.want)) {
				t.Errorf("got %s, want %s", got.Sub(at(0)), test.want)
			}
		})
	}
}

func TestWhenSourcesAreOfAKnownTime(t *testing.T) {
	tests := []struct {
		name    string
		sources []map[string][]rest.Source // of three looks
		missed  bool                       // a round between the second and the third
		want    bool                       // of the third
	}{
		{"asked for twice in a row", []map[string][]rest.Source{nil, positions(1), positions(2)}, false, true},
		{"asked for once", []map[string][]rest.Source{positions(1), nil, positions(2)}, false, false},
		{"not asked for any more", []map[string][]rest.Source{positions(1), positions(2), nil}, false, false},
		{"a round was missed, in which they may have been fetched", []map[string][]rest.Source{positions(1), positions(2), positions(3)}, true, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var h history
			for i, sources := range test.sources {
				h.missed = test.missed && i == 2
				passed := time.Duration(i) * interval
				h.add(observation{now: passed.Milliseconds(), settled: time.Hour.Milliseconds(), sources: sources}, at(passed), at(passed), settle, length)
			}
			if got := !h.looks[2].sourced.IsZero(); got != test.want {
				t.Errorf("the time is known: %t", got)
			}
		})
	}
}
