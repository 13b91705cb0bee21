package advice

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/adapter/sizing"
	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
)

// object is a MemoryAdvice as it is in the cluster.
type object struct {
	unstructured *unstructured.Unstructured
	status       v1alpha1.MemoryAdviceStatus
}

func newObject(u *unstructured.Unstructured) (*object, error) {
	var found v1alpha1.MemoryAdvice
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &found); err != nil {
		return nil, fmt.Errorf("MemoryAdvice %s/%s is not what its definition says: %w", u.GetNamespace(), u.GetName(), err)
	}
	return &object{u, found.Status}, nil
}

// there are the MemoryAdvices of the cluster. One that can't be understood begins anew.
func (a *Adviser) there() map[types.NamespacedName]*object {
	there := map[types.NamespacedName]*object{}
	for _, u := range a.watch.List() {
		found, err := newObject(u)
		if err != nil {
			found = &object{unstructured: u}
		}
		there[types.NamespacedName{Namespace: u.GetNamespace(), Name: u.GetName()}] = found
	}
	return there
}

func (a *Adviser) create(ctx context.Context, key types.NamespacedName) (*object, error) {
	u := &unstructured.Unstructured{}
	u.SetAPIVersion(v1alpha1.GroupVersion().String())
	u.SetKind(v1alpha1.MemoryAdviceKind)
	u.SetNamespace(key.Namespace)
	u.SetName(key.Name)
	created, err := a.opts.Dynamic.Resource(v1alpha1.MemoryAdviceGVR()).Namespace(key.Namespace).Create(ctx, u, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("create MemoryAdvice %s: %w", key, err)
	}
	return newObject(created)
}

// newest is the object as this replica has written it last, which the watch may not know yet.
func (a *Adviser) newest(key types.NamespacedName, found *object) *object {
	if written := a.written[key]; written != nil && written.unstructured.GetUID() == found.unstructured.GetUID() {
		return written
	}
	return found
}

// state is the one that was written last. A new MemoryAdvice waits for its first step as for any other.
func (o *object) state(now time.Time) sizing.State {
	status := o.status
	if status.Since == nil {
		return sizing.State{Since: now}
	}
	state := sizing.State{Since: status.Since.Time, Failure: status.Failure}
	if status.Injected != nil {
		state.Process = status.Injected.Value()
	}
	if status.All != nil {
		state.All = status.All.Time
	}
	if status.Failed != nil {
		state.Failed = status.Failed.Time
	}
	return state
}

// statusOf is what is to be read of a workload's memory.
func statusOf(s flink.Sized, workload taskmanagers.Workload, state sizing.State, reason string) v1alpha1.MemoryAdviceStatus {
	status := v1alpha1.MemoryAdviceStatus{
		Target:     v1alpha1.Workload{Kind: workload.Kind, Name: workload.Name},
		JobManager: v1alpha1.Workload{Kind: s.Cluster.Kind, Name: s.Cluster.Name},
		Current:    quantity(s.Fleet.Largest), Injected: quantity(state.Process), Since: new(metav1.NewTime(state.Since)), Reason: reason, Failure: state.Failure,
	}
	if !state.All.IsZero() {
		status.All = new(metav1.NewTime(state.All))
	}
	if !state.Failed.IsZero() {
		status.Failed = new(metav1.NewTime(state.Failed))
	}
	if s.Err != nil {
		status.Error = s.Err.Error()
	} else {
		status.Advised, status.Live, status.Advice = quantity(s.Advice.Process), quantity(s.Advice.Live), s.Advice.Text()
	}
	for _, p := range s.Parts {
		status.Parts = append(status.Parts, v1alpha1.MemoryPart{
			Start: metav1.NewTime(p.Start), Live: p.Live, Counted: p.Counted, AtMost: p.AtMost, Heap: p.Heap, Managed: p.Managed, Network: p.Network,
		})
	}
	return status
}

// quantity is a size in whole MiB; nil for none.
func quantity(bytes int64) *resource.Quantity {
	if bytes == 0 {
		return nil
	}
	q := resource.MustParse(fmt.Sprintf("%dMi", (bytes+sizing.MiB-1)/sizing.MiB))
	return &q
}

func partsOf(written []v1alpha1.MemoryPart) []sizing.Part {
	parts := make([]sizing.Part, len(written))
	for i, p := range written {
		parts[i] = sizing.Part{Start: p.Start.Time, Live: p.Live, Counted: p.Counted, AtMost: p.AtMost, Heap: p.Heap, Managed: p.Managed, Network: p.Network}
	}
	return parts
}

// write writes the status, when it says something else than before.
func (a *Adviser) write(ctx context.Context, key types.NamespacedName, found *object, status v1alpha1.MemoryAdviceStatus) error {
	if equality.Semantic.DeepEqual(toSeconds(found.status), toSeconds(status)) {
		return nil
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&status)
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	u := found.unstructured.DeepCopy()
	u.Object["status"] = content
	updated, err := a.opts.Dynamic.Resource(v1alpha1.MemoryAdviceGVR()).Namespace(key.Namespace).UpdateStatus(ctx, u, metav1.UpdateOptions{})
	if err != nil {
		delete(a.written, key) // somebody else may have written too, or deleted it
		return fmt.Errorf("write MemoryAdvice %s: %w", key, err)
	}
	a.written[key], err = newObject(updated)
	return err
}

// toSeconds is a status with its times as they are written.
func toSeconds(status v1alpha1.MemoryAdviceStatus) v1alpha1.MemoryAdviceStatus {
	s := *status.DeepCopy()
	for _, t := range []*metav1.Time{s.Since, s.All, s.Failed} {
		if t != nil {
			*t = metav1.NewTime(t.Truncate(time.Second))
		}
	}
	for i := range s.Parts {
		s.Parts[i].Start = metav1.NewTime(s.Parts[i].Start.Truncate(time.Second))
	}
	return s
}
