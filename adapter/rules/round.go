package rules

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/flink-hpa/flink-hpa/adapter/rule"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// round evaluates each rule, or takes over what the replica that decides has written.
func (r *Rules) round(ctx context.Context) {
	now, leads := r.opts.Clock.Now(), r.opts.Leads()
	says, here := map[types.NamespacedName]said{}, map[types.NamespacedName]bool{}
	var changed []change
	for _, object := range r.watch.List() {
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
			s.unknown, s.job = unknown, e.job()
			says[key] = s
			continue
		}
		decision := e.decide(readings, now)
		says[key] = said{sample: sampleOf(e, decision), evaluated: now, maxAge: maxAge, unknown: unknown, job: e.job()}
		status := e.status(&found.Status, decision, now)
		e.tell(ctx, key, status)
		if from, anew := e.changes(status.Value); anew {
			r.opts.Changed(key, from, *status.Value, status.Reason, now)
		}
		if now.Sub(e.writtenAt) >= refreshEvery || differs(e.written, status) {
			changed = append(changed, change{e, object, status})
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

// fromStatus is what the replica that decides has written.
func fromStatus(status *v1alpha1.ScalingRuleStatus) said {
	if status.Evaluated == nil {
		return said{sample: snapshot.Fail[int32](errNotYet), maxAge: math.MaxInt64}
	}
	s := said{evaluated: status.Evaluated.Time, maxAge: v1alpha1.StatusMaxAge}
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
