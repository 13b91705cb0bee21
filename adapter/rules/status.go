package rules

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/adapter/rule"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

const (
	// refreshEvery is how often a status is written in which nothing has changed but how old it is: it may fail twice.
	refreshEvery = v1alpha1.StatusMaxAge / 3
	// writeWithin is how long the writing of one round may take. What is left is for the next.
	writeWithin = 4 * time.Second
)

// change is a status to write.
type change struct {
	entry  *entry
	object *unstructured.Unstructured
	status v1alpha1.ScalingRuleStatus
}

// status is what came of a rule in a round. before has the conditions, whose times stay while they do.
func (e *entry) status(before *v1alpha1.ScalingRuleStatus, decision rule.Decision, now time.Time) v1alpha1.ScalingRuleStatus {
	s := v1alpha1.ScalingRuleStatus{
		ObservedGeneration: e.generation, ServingGeneration: e.serving, Value: decision.Value, WouldBe: decision.WouldBe,
		Reason: strings.Join(decision.Reasons, ", "), Evaluated: new(metav1.NewTime(now)), State: e.state,
	}
	if decision.Value != nil {
		s.InputsTime = new(metav1.NewTime(decision.Time))
	}
	trouble := e.trouble(decision)
	if trouble != nil {
		s.Error = trouble.Error()
	}
	if e.wrong != nil && e.program != nil {
		s.LastGood = e.program.Spec().DeepCopy()
	}
	for _, condition := range before.Conditions {
		s.Conditions = append(s.Conditions, *condition.DeepCopy())
	}
	set := func(kind string, trouble error, good, bad string) {
		condition := metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: good, ObservedGeneration: e.generation, LastTransitionTime: metav1.NewTime(now)}
		if trouble != nil {
			condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, bad, trouble.Error()
		}
		meta.SetStatusCondition(&s.Conditions, condition)
	}
	set(v1alpha1.ConditionCompiled, e.wrong, "Compiled", "Invalid")
	if e.program != nil {
		set(v1alpha1.ConditionInputsFound, inOneLine(slices.Concat(decision.Missing, decision.Unknown)), "Found", "Missing")
	}
	if decision.Value == nil {
		set(v1alpha1.ConditionFresh, trouble, "", "NoValue")
	} else {
		set(v1alpha1.ConditionFresh, decision.Err, "Evaluated", "NoAnswer")
	}
	return s
}

// inOneLine joins errors; nil: there are none.
func inOneLine(all []error) error {
	says := make([]string, len(all))
	for i, err := range all {
		says[i] = err.Error()
	}
	if len(says) == 0 {
		return nil
	}
	return errors.New(strings.Join(says, "; "))
}

// differs tells whether somebody would see a difference, besides how old things are.
func differs(a, b v1alpha1.ScalingRuleStatus) bool {
	return !equality.Semantic.DeepEqual(ageless(a), ageless(b))
}

// ageless is a status without what changes in every round.
func ageless(status v1alpha1.ScalingRuleStatus) v1alpha1.ScalingRuleStatus {
	s := *status.DeepCopy()
	s.Evaluated, s.InputsTime = nil, nil
	s.State.Changed, s.State.Pending = toSecond(s.State.Changed), toSecond(s.State.Pending)
	for i := range s.State.Thresholds {
		s.State.Thresholds[i].Since, s.State.Thresholds[i].Seen = metav1.Time{}, metav1.Time{}
	}
	if s.State.Period != nil {
		s.State.Period.Evaluated = *toSecond(&s.State.Period.Evaluated)
		s.State.Period.InputsTime = metav1.Time{}
	}
	for i := range s.Conditions {
		s.Conditions[i].LastTransitionTime = metav1.Time{}
	}
	return s
}

// toSecond is a time as it is written.
func toSecond(t *metav1.Time) *metav1.Time {
	if t == nil {
		return nil
	}
	return new(metav1.NewTime(t.Truncate(time.Second)))
}

// write writes the statuses that have changed. One that can't be written is written in a later round: the numbers count all the same.
func (r *Rules) write(ctx context.Context, changes []change, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	for _, c := range changes {
		if err := r.writeOne(ctx, c); err == nil {
			c.entry.written, c.entry.writtenAt = c.status, now
		} else if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) && ctx.Err() == nil { // else somebody has just edited or deleted it
			klog.FromContext(ctx).Error(err, "Status not written, will try again", "rule", klog.KObj(c.object))
		}
	}
}

func (r *Rules) writeOne(ctx context.Context, c change) error {
	status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&c.status)
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	object := c.object.DeepCopy()
	object.Object["status"] = status
	_, err = r.opts.Dynamic.Resource(v1alpha1.GroupVersionResource()).Namespace(object.GetNamespace()).UpdateStatus(ctx, object, metav1.UpdateOptions{})
	return err
}
