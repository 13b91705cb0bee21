package heartbeat

import (
	"math"
	"slices"
	"syscall"
)

// The two jobs. They index what there is of each.
const (
	defaults = iota // as Flink would run it
	injected        // with what the webhook injects
)

// moment is what was measured at one time.
type moment struct {
	T    float64 // seconds since the start
	Jobs [2]state
}

// state is that of one job.
type state struct {
	Lag *int64 // records; nil when it could not be measured
	// Parallelism is 0 while not every subtask runs. A job whose TaskManager is silent runs, as far as its JobManager knows.
	Parallelism  int
	TaskManagers int     // registered
	RunningFrom  float64 // when the job last began to run, in seconds since the start
}

// loss is what the loss of a TaskManager cost each job.
type loss struct {
	Name     string   `json:"-"`
	Signal   string   `json:"signal"`
	AtS      float64  `json:"at_s"`
	Defaults recovers `json:"defaults"`
	Injected recovers `json:"injected"`
}

// tolerance is how far above what it had been a lag may be and count as back: the teeth of the saw are not alike.
const tolerance = 1.2

// recovers is how one job recovered. A nil value was not seen.
type recovers struct {
	// RunningAfterS is from the loss until every subtask ran again, without the lost TaskManager.
	RunningAfterS *float64 `json:"running_after_s"`
	// LagBackAfterS is from the loss until the lag was back at what it had been, and stayed there.
	LagBackAfterS *float64 `json:"lag_back_after_s"`
	// LagMax is the highest lag since the loss, LagBefore the highest in the time of calm before it, in records.
	LagMax    int64 `json:"lag_max"`
	LagBefore int64 `json:"lag_before"`
}

// recovery works out how a job recovered from a loss at a time, and whether that is over: the job runs, and its lag has
// been back for the time of calm.
func recovery(moments []moment, job int, at float64) (recovers, bool) {
	var r recovers
	back, ran := at, at
	for _, m := range moments {
		s := m.Jobs[job]
		switch {
		case m.T < at-calm.Seconds() || s.Lag == nil:
		case m.T < at:
			r.LagBefore = max(r.LagBefore, *s.Lag)
		default:
			r.LagMax = max(r.LagMax, *s.Lag)
			if float64(*s.Lag) > tolerance*float64(r.LagBefore) {
				back = m.T
			}
		}
		if m.T >= at && r.RunningAfterS == nil && s.Parallelism > 0 && s.RunningFrom >= at {
			ran, r.RunningAfterS = m.T, new(rounded(m.T-at))
		}
	}
	if r.RunningAfterS == nil {
		return r, false
	}
	// The lag can look well before the job runs again: it takes a while to grow.
	back = max(back, ran)
	if moments[len(moments)-1].T-back < calm.Seconds() {
		return r, false
	}
	r.LagBackAfterS = new(rounded(back - at))
	return r, true
}

// comeback is how long each job took, from a time on, to use all its TaskManagers. A nil value was not seen.
type comeback struct {
	AtS      float64  `json:"at_s"`
	Defaults *float64 `json:"defaults_after_s"`
	Injected *float64 `json:"injected_after_s"`
}

// usedAll works out how long after a time a job ran at a parallelism.
func usedAll(moments []moment, job, parallelism int, at float64) *float64 {
	for _, m := range moments {
		if m.T >= at && m.Jobs[job].Parallelism == parallelism {
			return new(rounded(m.T - at))
		}
	}
	return nil
}

// steady says whether a job has run at a parallelism for so long that its lag has settled and been calm, and was known
// throughout.
func steady(moments []moment, job, parallelism int) bool {
	if len(moments) == 0 {
		return false
	}
	end := moments[len(moments)-1].T
	for _, moment := range slices.Backward(moments) {
		s := moment.Jobs[job]
		if s.Lag == nil || s.Parallelism != parallelism || s.TaskManagers != parallelism {
			return false
		}
		if end-moment.T >= settling.Seconds() {
			return true
		}
	}
	return false
}

// rounded is a time in seconds as it is reported: what is measured twice a second has no more to tell.
func rounded(seconds float64) float64 { return math.Round(10*seconds) / 10 }

func signalName(s syscall.Signal) string {
	if s == syscall.SIGSTOP {
		return "SIGSTOP"
	}
	return "SIGKILL"
}
