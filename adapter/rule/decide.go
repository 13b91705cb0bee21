package rule

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// Evaluate says how many TaskManagers there are to be, by what is known at now and what is remembered of the round before. The state that
// comes back is for the next round, also with an error. A state of nothing is that of a rule which is new.
func (p *Program) Evaluate(before v1alpha1.State, known Readings, now time.Time) (Decision, v1alpha1.State) {
	r := round{Program: p, now: now, known: maps.Clone(known), state: *before.DeepCopy()}
	if r.known == nil {
		r.known = Readings{}
	}
	r.known[Current] = r.current()
	r.watch()
	r.missing()
	switch p.spec.Mode {
	case v1alpha1.ModePause:
		r.pause()
	case v1alpha1.ModeObserve:
		r.observe()
	default:
		r.resume()
		r.scale()
	}
	return r.decision, r.state
}

// round is one evaluation under way.
type round struct {
	*Program
	now      time.Time
	known    Readings
	state    v1alpha1.State
	met      []threshold
	stays    bool // the number, as one of them can't be evaluated
	decision Decision
}

func (r *round) because(format string, args ...any) {
	r.decision.Reasons = append(r.decision.Reasons, fmt.Sprintf(format, args...))
}

// current is the number after the last change; before the first, that of the TaskManagers which run.
func (r *round) current() snapshot.Sample[any] {
	if r.state.Value != nil {
		return snapshot.Sample[any]{Value: float64(*r.state.Value), Time: r.now}
	}
	if sample, ok := r.known[running]; ok {
		return sample
	}
	return snapshot.Fail[any](errNoJob)
}

// errNoJob is for what needs to know how many TaskManagers run.
var errNoJob = errors.New("the rule has no number of its own yet, and without spec.job it isn't known how many TaskManagers run")

// missing notes each number that an expression uses and that has no value.
func (r *round) missing() {
	formulas := []formula{r.expression}
	for _, t := range r.thresholds {
		formulas = append(formulas, t.when)
		if t.expression != nil {
			formulas = append(formulas, *t.expression)
		}
	}
	all := formula{}
	for _, f := range formulas {
		all.uses = append(all.uses, f.uses...)
	}
	slices.Sort(all.uses)
	all.uses = slices.Compact(all.uses)
	r.decision.Missing = all.missing(r.known)
}

// pause keeps the number as it is.
func (r *round) pause() {
	r.resume()
	r.state.Pending = nil
	if r.state.Value == nil {
		if r.state.Value = r.runs(); r.state.Value == nil {
			r.decision.Err = fmt.Errorf("there is no number yet that could be kept: %w", r.known[Current].Err)
			return
		}
		r.state.Changed = new(metav1.NewTime(r.now))
	}
	r.decision.Value, r.decision.Time = r.state.Value, r.now
	r.because("paused")
}

// observe decides as if the number counted, and serves the one that there was when it began.
func (r *round) observe() {
	if r.state.Held == nil {
		if r.state.Held = r.state.Value; r.state.Held == nil {
			r.state.Held = r.runs()
		}
		if r.state.Held == nil { // and nothing is decided before, which would be held then
			r.decision.Err = fmt.Errorf("there is no number yet that could be held: %w", r.known[Current].Err)
			return
		}
	}
	r.scale()
	r.decision.WouldBe = r.decision.Value
	r.decision.Value, r.decision.Time = r.state.Held, r.now
	r.because("observed only")
}

// resume goes on from the number that was served while it was only observed.
func (r *round) resume() {
	if r.state.Held != nil {
		r.state.Value, r.state.Held, r.state.Pending = r.state.Held, nil, nil
		r.known[Current] = r.current()
	}
}

// runs is how many TaskManagers run; nil when that isn't known.
func (r *round) runs() *int32 {
	sample := r.known[running]
	number, ok := sample.Value.(float64)
	if !ok || sample.Err != nil {
		return nil
	}
	return new(int32(number))
}

// scale decides.
func (r *round) scale() {
	if o := r.spec.Override; o != nil && r.now.Before(o.Until.Time) {
		r.because("override by %s until %s", o.By, o.Until.UTC().Format(time.RFC3339))
		r.decision.Time = r.now
		r.change(r.bounded(o.TaskManagers))
		return
	}
	wanted, err := r.wanted()
	if err == nil {
		err = r.approach(r.bounded(wanted))
	}
	if err != nil {
		r.decision.Err, r.decision.Reasons = err, nil
	}
}
