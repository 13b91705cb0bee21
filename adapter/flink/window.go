package flink

import (
	"errors"
	"time"
)

var (
	errOldVersion = errors.New("the job reports no busy, idle and back-pressured times")
	errNaN        = errors.New("the job reports NaN as the busy time of every vertex; sources of the old kind (SourceFunction) do, and what is chained to them; use sources of the new kind (Source)")
)

// window is the part of a history that shares and rates are taken over.
type window struct {
	epoch       epoch
	first, last look
	seconds     float64 // between the two, by the subtasks' own clocks
}

// shares are what the subtasks of a vertex did with their time, 0 to 1.
type shares struct{ busy, idle, backpressured float64 }

// window returns the newest that is long enough. The error says why there is none.
//
// Flink's counters stand still between two refreshes, so the time between two readings of them is taken from the counters of
// time themselves, which are as old as the others.
func (h *history) window(length time.Duration) (window, error) {
	if len(h.looks) == 0 {
		return window{}, errSettling
	}
	w := window{epoch: h.epoch, first: h.looks[0], last: h.looks[len(h.looks)-1]}
	if w.last.now-w.first.now < length.Milliseconds() {
		return window{}, errSettling
	}
	reason := errNoJob
	for i, vertex := range w.epoch.vertices {
		from, to := w.first.vertices[i], w.last.vertices[i]
		switch {
		case vertex.running == 0:
		case from.Missing || to.Missing:
			reason = errOldVersion
		case from.Unusable || to.Unusable:
			reason = errNaN
		case elapsed(to.Times) <= elapsed(from.Times):
			return window{}, errStill
		default:
			w.seconds = max(w.seconds, w.secondsOf(i))
		}
	}
	if w.seconds == 0 {
		return window{}, reason
	}
	return w, nil
}

// timed tells whether the times of a vertex are of use: it works, and reports them as numbers.
func (w window) timed(i int) bool {
	return w.epoch.vertices[i].running > 0 && usable(w.first.vertices[i].Times, w.last.vertices[i].Times)
}

// secondsOf are those that the subtasks of a vertex that is timed have counted.
func (w window) secondsOf(i int) float64 {
	return (elapsed(w.last.vertices[i].Times) - elapsed(w.first.vertices[i].Times)) / 1000 / float64(w.epoch.vertices[i].running)
}

// shares of a vertex that is timed: the growth of each time over the growth of all three.
func (w window) shares(i int) shares {
	from, to := w.first.vertices[i].Times, w.last.vertices[i].Times
	all := elapsed(to) - elapsed(from)
	share := func(from, to float64) float64 { return min(max((to-from)/all, 0), 1) }
	return shares{share(from.Busy, to.Busy), share(from.Idle, to.Idle), share(from.Backpressured, to.Backpressured)}
}

// rates are records per second of all subtasks of a vertex, into it and out of it.
func (w window) rates(i int) (in, out float64) {
	from, to := w.first.vertices[i], w.last.vertices[i]
	seconds := w.seconds
	if w.timed(i) {
		seconds = w.secondsOf(i)
	}
	return max(to.in-from.in, 0) / seconds, max(to.out-from.out, 0) / seconds
}

// ratios are the job's shares over its vertices: busy and back-pressured where they are highest, idle where it is lowest. Vertices
// that are done, and those without usable times, are left out.
func (w window) ratios() (shares, int) {
	worst, busiest := shares{idle: 1}, -1
	for i := range w.epoch.vertices {
		if !w.timed(i) {
			continue
		}
		s := w.shares(i)
		if busiest < 0 || s.busy > worst.busy {
			busiest = i
		}
		worst = shares{max(worst.busy, s.busy), min(worst.idle, s.idle), max(worst.backpressured, s.backpressured)}
	}
	return worst, busiest
}
