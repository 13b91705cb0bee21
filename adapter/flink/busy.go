package flink

import (
	"errors"
	"slices"
	"time"
)

var (
	errOldVersion = errors.New("the job reports no accumulated busy, idle and back-pressured times; Flink 1.16 or newer is needed")
	errNaN        = errors.New("the job reports NaN as the busy time of every vertex; sources of the old kind (SourceFunction) do, and what is chained to them; use sources of the new kind (Source)")
	errStill      = errors.New("the JobManager's metrics have not moved for a whole window; a TaskManager may hang")
)

// history is what was observed of a job since its last change: a handful of observations, in order, the oldest at or
// just before the start of the window.
type history struct {
	epoch        epoch
	observations []watched
}

type watched struct {
	at    time.Time // when it was seen first, by our clock
	now   int64     // ms, by the JobManager's clock
	times []times
}

// add takes in an observation and forgets what cannot be compared with it or lies too far back. Observations from
// before the job has settled are not taken in, so that a whole window lies after it.
func (h *history) add(o observation, at time.Time, settle, window time.Duration) {
	if !h.epoch.equal(o.epoch) {
		*h = history{epoch: o.epoch}
	}
	if o.settled < settle.Milliseconds() {
		return
	}
	if n := len(h.observations); n > 0 {
		if o.now <= h.observations[n-1].now {
			return // the JobManager's clock was set back
		}
		if backwards(h.observations[n-1].times, o.times) {
			h.observations = nil
		}
	}
	h.observations = append(h.observations, watched{at, o.now, o.times})
	start := 0
	for i, old := range h.observations {
		switch age := o.now - old.now; {
		case age > 2*window.Milliseconds():
			start = i + 1 // nobody watched for a while: not the window that was promised
		case age >= window.Milliseconds():
			start = i
		}
	}
	h.observations = slices.Clone(h.observations[start:])
}

// busy is the busiest vertex's share of busy time over the window, 0 to 1: for each vertex the growth of its subtasks'
// busy time over the growth of busy, idle and back-pressured time. Vertices that are done and those without usable
// times are left out. It comes with the time at which the window ends.
func (h *history) busy(window time.Duration) (float64, time.Time, error) {
	if len(h.observations) == 0 {
		return 0, time.Time{}, errSettling
	}
	first, last := h.observations[0], h.observations[len(h.observations)-1]
	if last.now-first.now < window.Milliseconds() {
		return 0, time.Time{}, errSettling
	}
	ratio, known := 0.0, false
	reason := errNoJob
	for i, vertex := range h.epoch.vertices {
		from, to := first.times[i], last.times[i]
		switch {
		case !vertex.working:
			continue
		case from.missing || to.missing:
			reason = errOldVersion
			continue
		case from.unusable || to.unusable:
			reason = errNaN
			continue
		}
		busy, total := to.busy-from.busy, to.total()-from.total()
		if total <= 0 {
			return 0, time.Time{}, errStill
		}
		ratio, known = max(ratio, min(max(busy/total, 0), 1)), true
	}
	if !known {
		return 0, time.Time{}, reason
	}
	return ratio, last.at, nil
}

// backwards tells whether the time of some vertex shrank: subtasks were started anew although no state says so. Flink works
// out busy time as what idle and back-pressured time leave of the time since the start, so that alone may shrink, by
// some 0.2 s in a job that is idle; the sum of the three doesn't.
func backwards(from, to []times) bool {
	for i := range from {
		if to[i].total() < from[i].total() {
			return true
		}
	}
	return false
}
