package flink

import (
	"slices"
	"time"
)

// rescalesKept is how many of a job's rescales say how long one takes.
const rescalesKept = 5

// restarts measures how long rescales interrupt a job.
type restarts struct {
	seen  int64           // ms, when it was last seen running, by the JobManager's clock
	took  []time.Duration // the newest rescales
	count int             // of all rescales
}

// see takes in an observation; before is the epoch that was seen last. An interruption begins when the job was last seen to run, so
// it is too long by a round at most, and ends when the last of its subtasks runs again. Restarts at the same parallelism
// don't count: those are outages, which may last as long as they like.
func (r *restarts) see(before epoch, o observation) {
	if before.job == o.epoch.job && before.changed != o.epoch.changed && before.parallelism() != o.epoch.parallelism() && o.epoch.changed > r.seen {
		r.took = append(r.took, time.Duration(o.epoch.changed-r.seen)*time.Millisecond)
		r.took = r.took[max(len(r.took)-rescalesKept, 0):]
		r.count++
	}
	r.seen = o.now
}

// typical is the median of the newest; 0 when there are none.
func (r *restarts) typical() time.Duration {
	if len(r.took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.took))
	return sorted[len(sorted)/2]
}

// since is how long the newest rescale took, if there has been one since there were so many.
func (r *restarts) since(count int) (time.Duration, bool) {
	if r.count == count || len(r.took) == 0 {
		return 0, false
	}
	return r.took[len(r.took)-1], true
}

// parallelism is the largest of the vertices'.
func (e epoch) parallelism() int {
	highest := 0
	for _, v := range e.vertices {
		highest = max(highest, v.parallelism)
	}
	return highest
}
