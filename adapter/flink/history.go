package flink

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

var (
	errStill    = errors.New("the JobManager's metrics have not moved for a whole window; a TaskManager may hang")
	errSettling = errors.New("the job started, restarted or rescaled a short while ago; its numbers count again when it has settled and been watched for a whole window")
)

// history is what was seen of a job since its last change: a handful of looks, in order, the oldest at or just before the
// start of the window.
type history struct {
	epoch   epoch
	looks   []look
	reached map[string][]rest.Source // what the epoch's first look found, by vertex
	missed  bool                     // a round since the newest look told nothing, and may have had metrics fetched
}

// look is what one round saw of a job that runs as it should.
type look struct {
	at       time.Time                // when its first question was asked, by our clock
	read     time.Time                // when its last answer was there
	now      int64                    // ms, by the JobManager's clock
	vertices []counters               // in the epoch's order
	sources  map[string][]rest.Source // by vertex; nil: not known
	// sourced is when what is said of the sources was true, by our clock; zero: not known yet. It was said first at since.
	sourced, since time.Time
}

// counters of a vertex, summed over its subtasks since they started.
type counters struct {
	rest.Times
	in, out float64 // records
}

// add takes in a look and forgets what cannot be compared with it or lies too far back. Looks from before the job has
// settled are not taken in, so that a whole window lies after it.
func (h *history) add(o observation, at, read time.Time, settle, window time.Duration) {
	next := look{at: at, read: read, now: o.now, vertices: o.counters, sources: o.sources, since: at}
	if n := len(h.looks); !h.epoch.equal(o.epoch) || n > 0 && !follows(h.epoch, h.looks[n-1], next) {
		*h = history{epoch: o.epoch}
	}
	if o.settled < settle.Milliseconds() {
		return
	}
	if n := len(h.looks); n > 0 {
		last := h.looks[n-1]
		if next.now == last.now {
			return
		}
		if reflect.DeepEqual(last.sources, next.sources) {
			next.since = last.since
		}
		if next.sources != nil && last.sources != nil && !h.missed {
			next.sourced = sourcedAt(last, next)
		}
	}
	h.missed = false
	if h.reached == nil {
		h.reached = o.sources
	}
	h.looks = append(h.looks, next)
	start := 0
	for i, old := range h.looks {
		switch age := o.now - old.now; {
		case age > 2*window.Milliseconds():
			start = i + 1 // nobody watched for a while: not the window that was promised
		case age >= window.Milliseconds():
			start = i
		}
	}
	h.looks = slices.Clone(h.looks[start:])
}

// sourcedAt is when what the next look says of the sources was true. Asked when its metrics are older than its refresh interval, a
// JobManager fetches new ones and still answers with the old, so what is new to a look is from the one before; or from a moment ago, if the look's
// own first question had it fetched. What has not changed was true at least until the refresh before; but what was said first is of any
// age, and so of no known time until there has been a refresh.
func sourcedAt(last, next look) time.Time {
	refreshed := last.at.Add(-metricRefresh)
	switch {
	case next.since.Equal(last.since) && last.sourced.IsZero() && refreshed.Before(next.since):
		return time.Time{}
	case next.since.Equal(last.since):
		return later(last.sourced, refreshed)
	case slices.Equal(last.vertices, next.vertices):
		return next.at
	}
	return last.at
}

// metricRefresh is how far apart two refreshes of a JobManager's metrics are at least.
const metricRefresh = config.MetricRefresh

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// follows tells whether a look can be compared with the last of the same epoch. It can't when the JobManager's clock was set back;
// when the time of some vertex shrank, so that subtasks were started anew although no state says so; or when it grew by far
// more than passed: then the last look was at metrics that nobody had had renewed for a while.
//
// Flink works out busy time as what idle and back-pressured time leave of the time since the start, so that alone may shrink, by some
// 0.2 s in a job that is idle; the sum of the three doesn't.
func follows(e epoch, last, next look) bool {
	longest := float64(next.now-last.now) + 2*float64(metricRefresh.Milliseconds())
	for i, vertex := range e.vertices {
		from, to := last.vertices[i].Times, next.vertices[i].Times
		if vertex.running == 0 || !usable(from, to) {
			continue
		}
		if grown := elapsed(to) - elapsed(from); grown < 0 || grown > longest*float64(vertex.running) {
			return false
		}
	}
	return next.now >= last.now
}

// usable tells whether two readings of a vertex's times say what it did in between.
func usable(from, to rest.Times) bool {
	return !from.Missing && !to.Missing && !from.Unusable && !to.Unusable
}

// elapsed is the time since the subtasks started, in ms.
func elapsed(t rest.Times) float64 { return t.Busy + t.Idle + t.Backpressured }
