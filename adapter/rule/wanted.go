package rule

import (
	"cmp"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

// watch finds out which thresholds are met. A condition that can't be evaluated neither holds nor stops to hold: what it was before counts
// on, and that time is none in which it held. While one that is met can't be evaluated, the number stays: expressions that add to it would add again
// and again.
func (r *round) watch() {
	before := r.state.Thresholds
	r.state.Thresholds = nil
	for _, t := range r.thresholds {
		held := v1alpha1.ThresholdState{Name: t.name}
		at := slices.IndexFunc(before, func(s v1alpha1.ThresholdState) bool { return s.Name == t.name })
		if at >= 0 {
			held = before[at]
		}
		holds, err := t.when.condition(r.known, r.now)
		switch {
		case err != nil:
			r.decision.Unknown = append(r.decision.Unknown, fmt.Errorf("threshold %s: %w", t.name, err))
			if at < 0 {
				continue
			}
			held.Since = metav1.NewTime(held.Since.Add(r.now.Sub(held.Seen.Time)))
		case !holds:
			continue
		case at < 0:
			held.Since = metav1.NewTime(r.now)
		}
		held.Seen = metav1.NewTime(r.now)
		if held.Met = r.now.Sub(held.Since.Time) >= t.lasts; held.Met {
			r.met = append(r.met, t)
			r.stays = r.stays || err != nil
		}
		r.state.Thresholds = append(r.state.Thresholds, held)
	}
}

// wanted is the number by schedules, thresholds and the expression, before any limit.
func (r *round) wanted() (int32, error) {
	var open []window
	for _, w := range r.schedules {
		if w.open(r.now) {
			open = append(open, w)
		}
	}
	for _, w := range open {
		if w.fixed != nil {
			r.because("schedule %s", w.name)
			r.decision.Time = r.now
			return *w.fixed, nil
		}
	}
	found, err := r.found()
	if err != nil {
		return 0, err
	}
	r.decision.Time = found.InputsTime.Time
	r.because("%s", found.By)
	number := found.TaskManagers
	for _, w := range open {
		if number < *w.floor {
			number = *w.floor
			r.because("floor of schedule %s", w.name)
		}
	}
	return number, nil
}

// found is what expressions say: now, or in a rule with every, when that was last due.
func (r *round) found() (v1alpha1.Period, error) {
	period := r.state.Period
	if r.stays && r.state.Value != nil && r.state.Changed != nil {
		return v1alpha1.Period{TaskManagers: *r.state.Value, InputsTime: *r.state.Changed, By: "a threshold that is met and can't be evaluated now"}, nil
	}
	if r.every == 0 {
		r.state.Period = nil
		return r.evaluated()
	}
	if period != nil && len(r.met) == 0 && r.now.Before(period.Evaluated.Add(r.every)) {
		return *period, nil
	}
	found, err := r.evaluated()
	if err == nil {
		r.state.Period = &found
	}
	return found, err
}

// evaluated is the largest number of the thresholds that are met; where none is, that of the rule's expression.
func (r *round) evaluated() (v1alpha1.Period, error) {
	if len(r.met) == 0 {
		return r.number("expression", r.expression)
	}
	var all []v1alpha1.Period
	for _, t := range r.met {
		expression := r.expression
		if t.expression != nil {
			expression = *t.expression
		}
		found, err := r.number("threshold "+t.name, expression)
		if err != nil {
			return v1alpha1.Period{}, err
		}
		all = append(all, found)
	}
	return slices.MaxFunc(all, func(a, b v1alpha1.Period) int { return cmp.Compare(a.TaskManagers, b.TaskManagers) }), nil
}

func (r *round) number(by string, f formula) (v1alpha1.Period, error) {
	number, at, err := f.number(r.known, r.now)
	if err != nil {
		return v1alpha1.Period{}, fmt.Errorf("%s: %w", by, err)
	}
	return v1alpha1.Period{Evaluated: metav1.NewTime(r.now), TaskManagers: number, InputsTime: metav1.NewTime(at), By: by}, nil
}

// Renew is a state to go on with by another program than before: what belongs to what was changed is forgotten, so that the change counts at once.
func (p *Program) Renew(before *Program, state v1alpha1.State) v1alpha1.State {
	state = *state.DeepCopy()
	state.Period = nil
	if before == nil {
		return state
	}
	conditions := map[string]string{}
	for _, t := range before.spec.Thresholds {
		conditions[t.Name] = t.When
	}
	state.Thresholds = slices.DeleteFunc(state.Thresholds, func(s v1alpha1.ThresholdState) bool {
		return !slices.ContainsFunc(p.spec.Thresholds, func(t v1alpha1.Threshold) bool { return t.Name == s.Name && t.When == conditions[s.Name] })
	})
	return state
}
