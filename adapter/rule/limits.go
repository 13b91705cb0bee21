package rule

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// bounded is the number within spec.limits.min and max.
func (r *round) bounded(number int32) int32 {
	limits := r.spec.Limits
	switch {
	case limits == nil:
	case limits.Min != nil && number < *limits.Min:
		r.because("limits.min, %d wanted", number)
		return *limits.Min
	case limits.Max != nil && number > *limits.Max:
		r.because("limits.max, %d wanted", number)
		return *limits.Max
	}
	return number
}

// approach makes one change of all that wants one within the stabilization, as far as a step goes.
func (r *round) approach(wanted int32) error {
	if r.state.Value == nil {
		from, err := r.first(wanted)
		if err != nil {
			return err
		}
		r.change(r.step(from, wanted))
		return nil
	}
	from := *r.state.Value
	if wanted == from {
		r.change(from)
		return nil
	}
	if r.state.Pending == nil {
		r.state.Pending = new(metav1.NewTime(r.now))
	}
	if r.now.Sub(r.state.Pending.Time) < r.gather {
		r.decision.Value = new(from)
		r.because("%d from %s on at the earliest", r.step(from, wanted), r.state.Pending.Add(r.gather).UTC().Format("15:04:05"))
		return nil
	}
	r.change(r.step(from, wanted))
	return nil
}

// first is the number from which the first step goes: that of the TaskManagers which run. Where it isn't known and there are no steps, any will do.
func (r *round) first(wanted int32) (int32, error) {
	limits := r.spec.Limits
	if limits == nil || limits.StepUp == nil && limits.StepDown == nil || r.spec.Job == nil {
		return wanted, nil
	}
	from := r.runs()
	if from == nil {
		return 0, fmt.Errorf("spec.limits needs to know how many TaskManagers run: %w", r.known[running].Err)
	}
	return *from, nil
}

// step is as far from one number to another as one change may go.
func (r *round) step(from, to int32) int32 {
	limits := r.spec.Limits
	switch {
	case limits == nil:
	case limits.StepUp != nil && to-from > *limits.StepUp:
		r.because("limits.stepUp, %d wanted", to)
		return from + *limits.StepUp
	case limits.StepDown != nil && from-to > *limits.StepDown:
		r.because("limits.stepDown, %d wanted", to)
		return from - *limits.StepDown
	}
	return to
}

// change has the number served from now on.
func (r *round) change(to int32) {
	if r.state.Value == nil || *r.state.Value != to {
		r.state.Changed = new(metav1.NewTime(r.now))
	}
	r.state.Value, r.state.Pending = new(to), nil
	r.decision.Value = new(to)
}
