package flink

import (
	"errors"
	"math"
	"testing"
	"time"
)

const (
	settle = 20 * time.Second
	window = 20 * time.Second
)

// job is a job under test: one vertex for each rate, twice parallel, watched every 5 s from when it went RUNNING.
type job struct {
	history
	now     time.Duration // since it went RUNNING
	epoch   epoch
	rates   []times // ms per second
	totals  []times
	started time.Duration
}

func newJob(rates ...times) *job {
	j := &job{epoch: epoch{job: "j", running: 1}, rates: rates, totals: make([]times, len(rates))}
	for i := range rates {
		j.epoch.vertices = append(j.epoch.vertices, vertexShape{id: string(rune('a' + i)), parallelism: 2, working: true})
	}
	return j
}

func (j *job) watch(rounds int) *job {
	for range rounds {
		j.pass(5 * time.Second)
		j.look()
	}
	return j
}

func (j *job) pass(d time.Duration) {
	j.now += d
	for i, rate := range j.rates {
		t := &j.totals[i]
		t.busy += rate.busy * d.Seconds()
		t.idle += rate.idle * d.Seconds()
		t.backpressured += rate.backpressured * d.Seconds()
		t.missing, t.unusable = rate.missing, rate.unusable
	}
}

func (j *job) look() {
	e := j.epoch
	e.vertices = append([]vertexShape(nil), e.vertices...)
	j.add(observation{epoch: e, now: j.now.Milliseconds(), settled: (j.now - j.started).Milliseconds(), times: append([]times(nil), j.totals...)},
		time.UnixMilli(j.now.Milliseconds()), settle, window)
}

// restart begins a new epoch: the counters start from 0.
func (j *job) restart() *job {
	j.epoch.running++
	j.started = j.now
	clear(j.totals)
	return j
}

var (
	quarter = times{busy: 500, idle: 1500} // of two subtasks
	most    = times{busy: 1800, idle: 100, backpressured: 100}
	waiting = times{busy: 100, idle: 100, backpressured: 1800}
	done    = times{}
)

func TestBusy(t *testing.T) {
	tests := []struct {
		name   string
		job    *job
		want   float64
		reason error
	}{
		{"the share of the subtasks' time", newJob(quarter).watch(8), 0.25, nil},
		{"the busiest vertex counts", newJob(quarter, most, waiting).watch(8), 0.9, nil},
		{"wholly idle is a true 0", newJob(times{idle: 2000}).watch(8), 0, nil},
		{"a vertex with NaN is left out", newJob(times{unusable: true}, quarter).watch(8), 0.25, nil},
		{"a vertex without the times is left out", newJob(times{missing: true}, quarter).watch(8), 0.25, nil},
		{"nothing but NaN", newJob(times{unusable: true}).watch(8), 0, errNaN},
		{"nothing but vertices without the times", newJob(times{missing: true}).watch(8), 0, errOldVersion},
		{"not observed yet", newJob(quarter), 0, errSettling},
		{"not settled", newJob(quarter).watch(3), 0, errSettling},
		{"settled, but not watched for a whole window", newJob(quarter).watch(7), 0, errSettling},
		{"a restart begins anew", newJob(quarter).watch(20).restart().watch(7), 0, errSettling},
		{"after a restart only what came after it counts", func() *job {
			j := newJob(quarter).watch(20).restart()
			j.rates[0] = most
			return j.watch(8)
		}(), 0.9, nil},
		{"a new time of going RUNNING begins anew, whatever else stays", func() *job {
			j := newJob(quarter).watch(20)
			j.epoch.running++
			return j.watch(1)
		}(), 0, errSettling},
		{"a rescale begins anew", func() *job {
			j := newJob(quarter).watch(20)
			j.epoch.vertices[0].parallelism = 3
			return j.watch(1)
		}(), 0, errSettling},
		{"another job begins anew", func() *job {
			j := newJob(quarter).watch(20)
			j.epoch.job = "k"
			return j.watch(1)
		}(), 0, errSettling},
		{"a subtask whose state changed begins anew", func() *job {
			j := newJob(quarter).watch(20)
			j.epoch.changed++
			return j.watch(1)
		}(), 0, errSettling},
		{"counters that shrink begin anew", func() *job {
			j := newJob(quarter).watch(20)
			clear(j.totals)
			return j.watch(1)
		}(), 0, errSettling},
		{"busy time that shrinks a little in an idle job is still a true 0", func() *job {
			j := newJob(times{idle: 2000})
			j.totals[0].busy = 1000
			for range 8 {
				j.totals[0].busy -= 40
				j.watch(1)
			}
			return j
		}(), 0, nil},
		{"a gap in watching that is too long begins anew", func() *job {
			j := newJob(quarter).watch(20)
			j.pass(time.Minute)
			return j.watch(1)
		}(), 0, errSettling},
		{"one round missed does no harm", func() *job {
			j := newJob(quarter).watch(20)
			j.pass(5 * time.Second)
			return j.watch(1)
		}(), 0.25, nil},
		{"metrics that stand still are no 0", newJob(done).watch(8), 0, errStill},
		{"of one vertex even", newJob(quarter, done).watch(8), 0, errStill},
		{"a vertex that is done is left out", func() *job {
			j := newJob(quarter, done)
			j.epoch.vertices[1].working = false
			return j.watch(8)
		}(), 0.25, nil},
		{"only the window counts", func() *job {
			j := newJob(quarter).watch(20)
			j.rates[0] = most
			return j.watch(4)
		}(), 0.9, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, at, err := test.job.busy(window)
			if !errors.Is(err, test.reason) || math.Abs(got-test.want) > 1e-9 {
				t.Errorf("got %v, %v; want %v, %v", got, err, test.want, test.reason)
			}
			if err == nil && at.UnixMilli() != test.job.now.Milliseconds() {
				t.Errorf("the window ends at %s", at)
			}
			if n := len(test.job.observations); n > 6 {
				t.Errorf("%d observations are kept", n)
			}
		})
	}
}

func TestAClockThatStandsMakesNothingNewer(t *testing.T) {
	j := newJob(quarter).watch(8)
	j.add(observation{epoch: j.history.epoch, now: j.now.Milliseconds(), settled: time.Hour.Milliseconds(), times: j.totals}, time.UnixMilli(1e9), settle, window)
	if _, at, err := j.busy(window); err != nil || at.UnixMilli() != j.now.Milliseconds() {
		t.Errorf("got %s, %v", at, err)
	}
}
