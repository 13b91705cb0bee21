package sizing

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// heapSize is that of all heaps in these tests, so that a tenth of it is 100.
const heapSize = 1000

func midnight() time.Time { return time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC) }

// hour is one part of the window, of one heap.
type hour struct {
	least   int64   // in use after collections of the young generation; after the old one where there is one
	old     float64 // share of the hour after which there is an old collection, from 0 on; only with before
	before  int64   // least until then; 0: there is no old collection
	calm    bool    // the young generation is not collected
	from    float64 // share of the hour after which the first sample is taken
	to      float64 // and the last; 0: the whole hour
	missing bool    // no sample is taken
	managed int64
}

// tm is a TaskManager that runs through hours.
type tm struct {
	id       string
	tellsOld bool
	hours    []hour
	starts   int  // in which hour
	anew     bool // it was not seen before that
	young    int64
	old      int64
}

// samples are those of one hour, one each 100 s: the heap goes up and down by 300 every four.
func (m *tm) samples(n int) (all []Sample) {
	if n < m.starts || n-m.starts >= len(m.hours) {
		return nil
	}
	h := m.hours[n-m.starts]
	if n == m.starts && !m.anew {
		all = append(all, Sample{TaskManager: m.id, At: midnight().Add(time.Duration(n)*time.Hour - 100*time.Second)})
	}
	collected := h.before == 0
	for i := range 36 {
		share := float64(i) / 36
		base := h.least
		if !collected && share >= h.old {
			m.old, collected = m.old+1, true
		}
		if !collected {
			base = h.before
		}
		if i%4 == 0 && !h.calm {
			m.young++
		}
		if h.missing || share < h.from || h.to > 0 && share > h.to {
			continue
		}
		at := midnight().Add(time.Duration(n)*time.Hour + time.Duration(i)*100*time.Second)
		all = append(all, Sample{
			TaskManager: m.id, At: at, Used: base + int64(i%4)*100, Max: heapSize, Young: m.young, Old: m.old, TellsOld: m.tellsOld, Managed: h.managed,
		})
	}
	return all
}

// inTurn are the samples of all in one hour, by time.
func inTurn(n int, all []*tm) (samples []Sample) {
	for _, m := range all {
		samples = append(samples, m.samples(n)...)
	}
	slices.SortStableFunc(samples, func(a, b Sample) int { return a.At.Compare(b.At) })
	return samples
}

func serial(hours ...hour) []*tm { return []*tm{{id: "a", tellsOld: true, hours: hours}} }
func g1(hours ...hour) []*tm     { return []*tm{{id: "a", hours: hours}} }

func TestWatch(t *testing.T) {
	known := func(live, atMost int64) Part { return Part{Live: live, Counted: true, AtMost: atMost, Heap: heapSize} }
	thought := func(live, atMost int64) Part { return Part{Live: live, AtMost: atMost, Heap: heapSize} }
	unknown := func(atMost int64) Part { return Part{AtMost: atMost, Heap: heapSize} }
	tests := []struct {
		name string
		all  []*tm
		want []Part // of each hour that is whole
	}{
		{"an old collection in the first half tells what is live", serial(hour{before: 500, old: 0.3, least: 200}), []Part{known(200, 200)}},
		{"without one it is known at most", serial(hour{least: 200}, hour{least: 200}), []Part{unknown(200), unknown(200)}},
		{"one in the second half tells it in the next part, where there is more garbage by then", serial(hour{before: 500, old: 0.7, least: 200}, hour{least: 210}), []Part{unknown(200), known(200, 210)}},
		{"so does one in the last samples", serial(hour{before: 500, old: 0.96, least: 200}, hour{least: 210}), []Part{unknown(500), known(210, 210)}},
		{"one between two parts counts", serial(hour{least: 500}, hour{before: 500, old: 0, least: 200}), []Part{unknown(500), known(200, 200)}},
		{"what was collected before it was first seen is not known",
			[]*tm{{id: "a", tellsOld: true, old: 7, hours: []hour{{least: 300}, {least: 300}}, anew: true}}, []Part{unknown(300)}},
		{"a TaskManager doesn't count in the part in which it is first seen: there is little in its heap at first",
			[]*tm{{id: "a", tellsOld: true, hours: []hour{{before: 10, old: 0.1, least: 5}, {least: 300}}, anew: true}}, []Part{unknown(300)}},
		{"only what is in use after the collection counts, not what was before more was live", serial(hour{before: 200, old: 0.4, least: 300}), []Part{known(300, 200)}},
		{"what was live counts on while garbage piles up to where it was collected before, and a tenth of the heap beyond",
			serial(hour{least: 500}, hour{before: 500, old: 0.1, least: 200}, hour{least: 350}, hour{least: 600}), []Part{unknown(500), known(200, 200), known(200, 350), known(200, 600)}},
		{"beyond that it may be live", serial(hour{least: 500}, hour{before: 500, old: 0.1, least: 200}, hour{least: 601}), []Part{unknown(500), known(200, 200), unknown(601)}},
		{"until the next old collection tells that it was garbage, and then may be again",
			serial(hour{before: 500, old: 0.1, least: 200}, hour{least: 601}, hour{before: 601, old: 0.1, least: 210}, hour{least: 700}),
			[]Part{known(200, 200), unknown(601), known(210, 210), known(210, 700)}},
		{"where old collections aren't counted a flat part tells it", g1(hour{least: 300}, hour{least: 309}, hour{least: 300}),
			[]Part{unknown(300), thought(309, 309), thought(300, 300)}},
		{"so does one in which it fell by more than a tenth of the heap", g1(hour{least: 700}, hour{least: 599}), []Part{unknown(700), thought(599, 599)}},
		{"one in which it fell by less doesn't", g1(hour{least: 700}, hour{least: 620}), []Part{unknown(700), unknown(620)}},
		{"nor does one in which it rises", g1(hour{least: 300}, hour{least: 320}, hour{least: 400}), []Part{unknown(300), unknown(320), unknown(400)}},
		{"what a flat part tells counts on while it rises", g1(hour{least: 300}, hour{least: 300}, hour{least: 380}, hour{least: 401}),
			[]Part{unknown(300), thought(300, 300), thought(300, 380), unknown(401)}},
		{"without collections of the young generation a flat part tells nothing", g1(hour{least: 300}, hour{least: 300, calm: true}, hour{least: 300}),
			[]Part{unknown(300), unknown(300), unknown(300)}},
		{"a full collection is counted by any G1", g1(hour{before: 700, old: 0.2, least: 300}), []Part{known(300, 300)}},
		{"a part without its beginning is not whole", serial(hour{from: 0.3, before: 500, old: 0.4, least: 200}, hour{least: 300}), []Part{unknown(300)}},
		{"nor is one without its end", serial(hour{to: 0.7, before: 500, old: 0.4, least: 200}, hour{least: 300}), []Part{unknown(300)}},
		{"a hole in the samples is forgiven", serial(hour{before: 500, old: 0.4, least: 200}, hour{from: 0.15, least: 210}), []Part{known(200, 200), known(200, 210)}},
		{"over a part without samples nothing is remembered", g1(hour{least: 300}, hour{missing: true}, hour{least: 300}, hour{least: 300}), []Part{unknown(300), unknown(300)}},
		{"the most counts of what is not heap", serial(hour{least: 100, managed: 7}), []Part{{AtMost: 100, Heap: heapSize, Managed: 7}}},
		{"of several TaskManagers the one with most that is live counts",
			[]*tm{{id: "a", tellsOld: true, hours: []hour{{before: 500, old: 0.1, least: 200}}}, {id: "b", tellsOld: true, hours: []hour{{before: 500, old: 0.1, least: 250}}}},
			[]Part{known(250, 250)}},
		{"when another one may have more it is not known",
			[]*tm{{id: "a", tellsOld: true, hours: []hour{{before: 500, old: 0.1, least: 200}}}, {id: "b", tellsOld: true, hours: []hour{{least: 210}}}},
			[]Part{unknown(210)}},
		{"another one that has less at most is no matter",
			[]*tm{{id: "a", tellsOld: true, hours: []hour{{before: 500, old: 0.1, least: 200}}}, {id: "b", tellsOld: true, hours: []hour{{least: 190}}}},
			[]Part{known(200, 200)}},
		{"a TaskManager that comes counts from its first whole part on, and one that goes does no more",
			[]*tm{
				{id: "a", tellsOld: true, hours: []hour{{before: 500, old: 0.1, least: 200}, {least: 300, to: 0.5}}},
				{id: "b", tellsOld: true, starts: 1, hours: []hour{{least: 600, from: 0.4}, {before: 600, old: 0.1, least: 150}}, anew: true},
			}, []Part{known(200, 200), known(150, 150)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := NewWatch(DefaultRules(), nil)
			ends := 0
			for n := range 6 {
				for _, s := range inTurn(n, test.all) {
					if w.See(s) {
						ends++
					}
				}
				// Somebody else's sample, so that the part ends.
				if w.See(Sample{TaskManager: "-", At: midnight().Add(time.Duration(n+1) * time.Hour)}) {
					ends++
				}
			}
			got := w.Parts(midnight().Add(6 * time.Hour))
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(Part{}, "Start")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if ends != len(test.want) {
				t.Errorf("%d parts have ended, want %d", ends, len(test.want))
			}
		})
	}
}

// collected has an old collection in each of so many hours.
func collected(hours int) *tm {
	m := &tm{id: "a", tellsOld: true}
	for range hours {
		m.hours = append(m.hours, hour{before: 500, old: 0.1, least: 200})
	}
	return m
}

func TestADisturbedPartIsForgottenAndTheNextOneWholeAgain(t *testing.T) {
	w, m := NewWatch(DefaultRules(), nil), collected(4)
	for n := range 4 {
		for i, s := range m.samples(n) {
			if n == 1 && i == 2 {
				w.Disturb()
			}
			w.See(s)
		}
	}
	got := w.Parts(midnight().Add(4 * time.Hour))
	if len(got) != 2 || !got[0].Start.Equal(midnight()) || !got[1].Start.Equal(midnight().Add(2*time.Hour)) {
		t.Errorf("got %+v", got)
	}
	// What was live before it counts on no more either.
	w, m = NewWatch(DefaultRules(), nil), &tm{id: "a", tellsOld: true, hours: []hour{{before: 500, old: 0.1, least: 200}, {least: 210}, {least: 220}, {least: 220}}}
	for n := range 4 {
		for i, s := range m.samples(n) {
			if n == 1 && i == 2 {
				w.Disturb()
			}
			w.See(s)
		}
	}
	if got := w.Parts(midnight().Add(3 * time.Hour)); len(got) != 2 || got[1].Live != 0 || got[1].AtMost != 220 {
		t.Errorf("after a restart: got %+v", got)
	}
}

func TestPartsAreRestoredAndLeaveTheWindow(t *testing.T) {
	w := NewWatch(DefaultRules(), []Part{{Start: midnight().Add(-23 * time.Hour), Live: 700}, {Start: midnight().Add(-time.Hour), Live: 100}})
	m := collected(3)
	for n := range 2 {
		for _, s := range m.samples(n) {
			w.See(s)
		}
	}
	now := midnight().Add(time.Hour + 30*time.Minute)
	got := w.Parts(now)
	if len(got) != 2 || got[0].Live != 100 || got[1].Live != 200 {
		t.Errorf("got %+v", got)
	}
	got[0].Live = 1
	if again := w.Parts(now); again[0].Live != 100 {
		t.Error("what is handed out can be changed")
	}
}

func TestWhatWasLiveCountsForAWindow(t *testing.T) {
	m := &tm{id: "a", tellsOld: true, hours: []hour{{before: 500, old: 0.1, least: 200}}}
	for range 30 {
		m.hours = append(m.hours, hour{least: 250})
	}
	w := NewWatch(DefaultRules(), nil)
	for n := range 31 {
		for _, s := range m.samples(n) {
			w.See(s)
		}
	}
	parts := w.Parts(midnight().Add(30 * time.Hour))
	if day, after := parts[len(parts)-6], parts[len(parts)-5]; day.Live != 200 || !day.Start.Equal(midnight().Add(24*time.Hour)) || after.Live != 0 {
		t.Errorf("got %+v, then %+v", day, after)
	}
}
