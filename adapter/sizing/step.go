package sizing

import (
	"fmt"
	"time"
)

// State is what TaskManagers of a job that start are given. The zero State leaves them what their owner says.
type State struct {
	Process int64     // bytes, whole MiB; 0: what their owner says
	Since   time.Time // of Process
	All     time.Time // when all TaskManagers were first seen with it; zero: they have not been yet, or it is what their owner says
	Failed  time.Time // when one last ran out of memory; zero: none has
	Failure string    // what happened then
}

// Fleet is how the TaskManagers of a job run. Sizes are bytes of the process.
type Fleet struct {
	Smallest, Largest int64
	Failed            time.Time // when one of them last ran out of memory; zero: none has
	Failure           string    // what happened then, for people
}

// A step takes away a third of the process at most, and adds as much again at most.
const (
	stepDown = 2.0 / 3
	stepUp   = 2.0
)

// Next is the state that follows, and why it is what it is. advised is false where there is no advice.
//
// One step is taken at a time: the first when the job has been watched for long enough, the next one when all TaskManagers have had the last for
// StepEvery. One that runs out of memory gives all that start what their owner says, and nothing is taken away for BackOff.
func (r Rules) Next(s State, fleet Fleet, advice Advice, advised bool, now time.Time) (State, string) {
	if fleet.Failed.After(s.Failed) {
		return State{Since: now, Failed: fleet.Failed, Failure: fleet.Failure}, "back to what the owner says: " + fleet.Failure
	}
	if rest := s.Failed.Add(r.BackOff).Sub(now); !s.Failed.IsZero() && rest > 0 {
		return s, fmt.Sprintf("what the owner says, until %s: %s", s.Failed.Add(r.BackOff).UTC().Format(time.RFC3339), s.Failure)
	}
	keeps := "what the owner says"
	if s.Process != 0 {
		keeps = Text(s.Process)
	}
	switch {
	case !advised:
		return s, keeps + ": there is no advice"
	case advice.Watched < r.Watches().Seconds():
		return s, fmt.Sprintf("%s: the job has to be watched for %s", keeps, r.Watches())
	case s.Process != 0 && (fleet.Smallest != s.Process || fleet.Largest != s.Process):
		return s, keeps + ": not all TaskManagers have it yet"
	}
	begun := s.Since
	if s.Process != 0 {
		if s.All.IsZero() {
			s.All = now
		}
		begun = s.All
	}
	switch due := begun.Add(r.StepEvery); {
	case now.Before(due):
		return s, fmt.Sprintf("%s: the next step is due at %s", keeps, due.UTC().Format(time.RFC3339))
	case !advice.Notable():
		return s, keeps + ": the advice is less than a fifth away"
	}
	low, high := ceilMiB(int64(stepDown*float64(fleet.Largest))), ceilMiB(int64(stepUp*float64(fleet.Largest)))
	next := State{Process: min(max(advice.Process, low), high), Since: now, Failed: s.Failed, Failure: s.Failure}
	return next, fmt.Sprintf("%s: a step from %s towards %s", Text(next.Process), Text(fleet.Largest), Text(advice.Process))
}
