package advice

import (
	"context"
	"fmt"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/sizing"
	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
)

// keep brings the MemoryAdvice of a workload up to date, and replaces pods that have too little memory.
func (a *Adviser) keep(ctx context.Context, s flink.Sized, workload taskmanagers.Workload, pods []taskmanagers.Pod, there map[types.NamespacedName]*object, now time.Time) error {
	if there == nil {
		return errNoDefinition
	}
	key := types.NamespacedName{Namespace: workload.Namespace, Name: workload.Name}
	found := there[key]
	if found == nil {
		created, err := a.create(ctx, key)
		if err != nil {
			return err
		}
		found = created
		delete(a.written, key)
	}
	found = a.newest(key, found)
	before := found.state(now)
	var state sizing.State
	var reason string
	if err := a.mayEvict(ctx, workload.Namespace, now); err != nil {
		state, reason = before, err.Error()
		state.Process, state.All = 0, time.Time{}
	} else {
		state, reason = s.Rules.Next(before, fleetOf(s.Fleet, pods), s.Advice, s.Err == nil, now)
	}
	if err := a.write(ctx, key, found, statusOf(s, workload, state, reason)); err != nil {
		return err
	}
	if state.Process != before.Process {
		a.tellStep(ctx, s.Cluster, before, state, reason)
		return nil // the webhook is to know first
	}
	if !state.Failed.IsZero() && state.Process == 0 {
		return a.replace(ctx, pods)
	}
	return nil
}

// fleetOf adds what pods tell to what the job tells.
func fleetOf(fleet sizing.Fleet, pods []taskmanagers.Pod) sizing.Fleet {
	for _, pod := range pods {
		if pod.OutOfMemory.After(fleet.Failed) {
			fleet.Failed = pod.OutOfMemory
			fleet.Failure = fmt.Sprintf("TaskManager pod %s was killed for its memory (OOMKilled)", pod.Name)
		}
	}
	fleet.Failed = fleet.Failed.Truncate(time.Second) // as it is written
	return fleet
}

func (a *Adviser) tellStep(ctx context.Context, job flink.Cluster, before, state sizing.State, reason string) {
	klog.FromContext(ctx).Info("Memory of TaskManagers that start", "jobManager", job, "fromBytes", before.Process, "toBytes", state.Process, "reason", reason)
	if state.Failed.After(before.Failed) {
		a.opts.Told(job, ReasonFailed, reason, true)
		return
	}
	a.opts.Told(job, ReasonStep, reason, false)
}

// replace evicts the pods that were given another size than their owner says.
func (a *Adviser) replace(ctx context.Context, pods []taskmanagers.Pod) error {
	for _, pod := range pods {
		if !strings.Contains(pod.Injected, option+"=") {
			continue
		}
		eviction := &policyv1.Eviction{
			ObjectMeta:    metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
			DeleteOptions: &metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(pod.UID))},
		}
		err := a.opts.Client.PolicyV1().Evictions(pod.Namespace).Evict(ctx, eviction)
		switch {
		case err == nil:
			klog.FromContext(ctx).Info("Evicted a TaskManager that was given too little memory", "pod", klog.KRef(pod.Namespace, pod.Name))
		case apierrors.IsNotFound(err), apierrors.IsConflict(err): // it is gone, or another one has its name
		default:
			return fmt.Errorf("evict TaskManager pod %s: %w", pod.Name, err) // a PodDisruptionBudget may say later
		}
	}
	return nil
}

// askToEvict asks the API server whether the adapter may evict pods of a namespace.
func askToEvict(ctx context.Context, client kubernetes.Interface, namespace string) error {
	review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: "create", Resource: "pods", Subresource: "eviction",
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("ask whether pods may be evicted: %w", err)
	}
	if !review.Status.Allowed {
		return errMayNotEvict
	}
	return nil
}
