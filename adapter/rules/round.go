package rules

import (
	"context"
	"errors"
	"fmt"
	"math"
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
			if !leads {
				r.follow(e, &found)
				says[key] = fromStatus(&found.Status)
				continue
			}
			decision := r.decide(e, found.Namespace, now)
			says[key] = said{sample: sampleOf(e, decision), evaluated: now, maxAge: maxAge}
			status := e.status(&found.Status, decision, now)
			e.tell(ctx, key, status)
			if now.Sub(e.writtenAt) >= refreshEvery || differs(e.written, status) {
				changed = append(changed, change{e, object, status})
			}
		}
	}
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
func (r *Rules) decide(e *entry, namespace string, now time.Time) rule.Decision {
	if e.program == nil {
		return rule.Decision{}
	}
	decision, state := e.program.Evaluate(e.state, r.readings(e.program, namespace), now)
	e.state = state
	return decision
}

func (r *Rules) readings(program *rule.Program, namespace string) rule.Readings {
	readings := rule.Readings{}
	for variable, question := range program.Questions() {
		readings[variable] = r.opts.Peek(namespace, question)
	}
	return readings
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

// follow remembers what the replica that decides does, and has polled what it asks, so that this one can go on.
func (r *Rules) follow(e *entry, found *v1alpha1.ScalingRule) {
	e.state, e.written = *found.Status.State.DeepCopy(), *found.Status.DeepCopy()
	if e.program == nil {
		return
	}
	if e.serving != found.Status.ServingGeneration {
		e.state = e.program.Renew(nil, e.state)
	}
	_ = r.readings(e.program, found.Namespace)
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
