package rules

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/adapter/rule"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

// entry is what is known of a rule from one round to the next.
type entry struct {
	uid        types.UID
	generation int64          // that was looked at
	wrong      error          // why that can't be used
	program    *rule.Program  // of the newest that can; nil: none
	serving    int64          // its generation
	state      v1alpha1.State // after the last round
	written    v1alpha1.ScalingRuleStatus
	writtenAt  time.Time
	told       string // what was logged last
	served     *int32 // the newest number; nil: none yet
}

// entry is what is known of a rule, with the program of its newest spec if that can be used.
func (r *Rules) entry(key types.NamespacedName, found *v1alpha1.ScalingRule) *entry {
	e := r.entries[key]
	if e == nil || e.uid != found.UID {
		e = &entry{uid: found.UID, state: *found.Status.State.DeepCopy(), written: *found.Status.DeepCopy(), served: found.Status.Value}
		r.entries[key] = e
		if last := found.Status.LastGood; last != nil {
			if program, err := rule.Compile(*last, r.opts.Serves); err == nil {
				e.program, e.serving = program, found.Status.ServingGeneration
			}
		}
	}
	if e.generation == found.Generation {
		return e
	}
	e.generation = found.Generation
	program, err := rule.Compile(found.Spec, r.opts.Serves)
	if e.wrong = err; err != nil {
		return e
	}
	if e.program != nil {
		e.state = program.Renew(e.program, e.state)
	}
	e.program, e.serving = program, found.Generation
	return e
}

// errNothingGood is for a rule whose first spec can't be used.
var errNothingGood = errors.New("the rule has never had a spec that can be used")

// job selects the job that the rule is about; nil: none.
func (e *entry) job() labels.Selector {
	if e.program == nil {
		return nil
	}
	selector, _ := e.program.Job()
	return selector
}

// decide evaluates the rule.
func (e *entry) decide(readings rule.Readings, now time.Time) rule.Decision {
	if e.program == nil {
		return rule.Decision{}
	}
	decision, state := e.program.Evaluate(e.state, readings, now)
	e.state = state
	return decision
}

// trouble is why there is no number, or why the newest spec is not in use; nil: all is well.
func (e *entry) trouble(decision rule.Decision) error {
	switch {
	case e.program == nil:
		return fmt.Errorf("%w: %w", errNothingGood, e.wrong)
	case e.wrong == nil:
		return decision.Err
	}
	wrong := fmt.Errorf("generation %d of the spec can't be used, so that %d goes on: %w", e.generation, e.serving, e.wrong)
	if decision.Err == nil {
		return wrong
	}
	return fmt.Errorf("%w; %w", decision.Err, wrong)
}

// follow remembers what the replica that decides has written.
func (e *entry) follow(status *v1alpha1.ScalingRuleStatus) {
	e.state, e.written = *status.State.DeepCopy(), *status.DeepCopy()
	if status.Value != nil {
		e.served = status.Value
	}
	if e.program != nil && e.serving != status.ServingGeneration {
		e.state = e.program.Renew(nil, e.state)
	}
}

// changes takes in what is served, and returns what was before if that is another number.
func (e *entry) changes(to *int32) (from int32, changed bool) {
	if to == nil {
		return 0, false
	}
	before := e.served
	if e.served = to; before == nil || *before == *to {
		return 0, false
	}
	return *before, true
}

// tell logs what the rule says, when that is something else than before.
func (e *entry) tell(ctx context.Context, key types.NamespacedName, status v1alpha1.ScalingRuleStatus) {
	told := fmt.Sprint(ptr.Deref(status.Value, -1), ptr.Deref(status.WouldBe, -1), status.Reason, status.Error)
	if told == e.told {
		return
	}
	e.told = told
	logger := klog.LoggerWithValues(klog.FromContext(ctx), "rule", key, "reason", status.Reason)
	switch {
	case status.Value == nil:
		logger.Info("ScalingRule without a value", "error", status.Error)
	case status.WouldBe != nil:
		logger.Info("ScalingRule", "value", *status.Value, "wouldBe", *status.WouldBe, "error", status.Error)
	default:
		logger.Info("ScalingRule", "value", *status.Value, "error", status.Error)
	}
}
