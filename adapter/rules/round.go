package rules

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/adapter/rule"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
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
}

// round evaluates each rule, or takes over what the replica that decides has written.
func (r *Rules) round(ctx context.Context) {
	now, leads := r.opts.Clock.Now(), r.opts.Leads()
	says, here := map[types.NamespacedName]said{}, map[types.NamespacedName]bool{}
	var changed []change
	for _, w := range r.watched {
		for _, object := range w.informer.GetStore().List() {
			object, ok := object.(*unstructured.Unstructured)
			if !ok {
				continue
			}
			key := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
			here[key] = true
			var found v1alpha1.ScalingRule
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &found); err != nil {
				says[key] = said{sample: snapshot.Fail[int32](fmt.Errorf("the object is not what its definition says: %w", err)), evaluated: now, maxAge: maxAge}
				continue
			}
			e := r.entry(key, &found)
			if !r.led { // also in the first round in which this one decides: the one before may have written since
				e.follow(&found.Status)
			}
			readings, unknown := r.readings(e.program, found.Namespace)
			if !leads {
				s := fromStatus(&found.Status)
				s.unknown = unknown
				says[key] = s
				continue
			}
			decision := e.decide(readings, now)
			says[key] = said{sample: sampleOf(e, decision), evaluated: now, maxAge: maxAge, unknown: unknown}
			status := e.status(&found.Status, decision, now)
			e.tell(ctx, key, status)
			if now.Sub(e.writtenAt) >= refreshEvery || differs(e.written, status) {
				changed = append(changed, change{e, object, status})
			}
		}
	}
	r.led = leads
	for key := range r.entries {
		if !here[key] {
			delete(r.entries, key)
		}
	}
	r.mu.Lock()
	r.state, r.says, r.turned = read, says, now
	r.mu.Unlock()
	r.write(ctx, changed, now)
}

// entry is what is known of a rule, with the program of its newest spec if that can be used.
func (r *Rules) entry(key types.NamespacedName, found *v1alpha1.ScalingRule) *entry {
	e := r.entries[key]
	if e == nil || e.uid != found.UID {
		e = &entry{uid: found.UID, state: *found.Status.State.DeepCopy(), written: *found.Status.DeepCopy()}
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
	// After a restart the state may be that of this very spec.
	if e.program != nil || found.Status.ServingGeneration != found.Generation {
		e.state = program.Renew(e.program, e.state)
	}
	e.program, e.serving = program, found.Generation
	return e
}

// errNothingGood is for a rule whose first spec can't be used.
var errNothingGood = errors.New("the rule has never had a spec that can be used")

// decide evaluates the rule.
func (e *entry) decide(readings rule.Readings, now time.Time) rule.Decision {
	if e.program == nil {
		return rule.Decision{}
	}
	decision, state := e.program.Evaluate(e.state, readings, now)
	e.state = state
	return decision
}

// readings are the numbers that a program asks for, which are polled from now on, and why the first of those has no value that have none.
func (r *Rules) readings(program *rule.Program, namespace string) (readings rule.Readings, unknown error) {
	readings = rule.Readings{}
	if program == nil {
		return readings, nil
	}
	for variable, question := range program.Questions() {
		readings[variable] = r.opts.Peek(namespace, question)
	}
	for _, variable := range slices.Sorted(maps.Keys(readings)) {
		if err := readings[variable].Err; err != nil {
			return readings, fmt.Errorf("%s has no value here: %w", variable, err)
		}
	}
	return readings, nil
}

func sampleOf(e *entry, decision rule.Decision) snapshot.Sample[int32] {
	if decision.Value != nil {
		return snapshot.Sample[int32]{Value: *decision.Value, Time: decision.Time}
	}
	return snapshot.Fail[int32](e.trouble(decision))
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
	if e.program != nil && e.serving != status.ServingGeneration {
		e.state = e.program.Renew(nil, e.state)
	}
}

// fromStatus is what the replica that decides has written.
func fromStatus(status *v1alpha1.ScalingRuleStatus) said {
	if status.Evaluated == nil {
		return said{sample: snapshot.Fail[int32](errNotYet), maxAge: math.MaxInt64}
	}
	s := said{evaluated: status.Evaluated.Time, maxAge: maxStatusAge}
	if status.Value == nil {
		s.sample = snapshot.Fail[int32](errors.New(status.Error))
		return s
	}
	s.sample = snapshot.Sample[int32]{Value: *status.Value, Time: status.Evaluated.Time}
	if status.InputsTime != nil {
		s.sample.Time = status.InputsTime.Time
	}
	return s
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
