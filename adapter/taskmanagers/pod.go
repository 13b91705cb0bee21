// Package taskmanagers knows the TaskManager pods that there are in Kubernetes, by the workload that an HPA scales.
package taskmanagers

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-helpers/resource"

	"github.com/flink-hpa/flink-hpa/adapter/pods"
)

const (
	// annotationInjected is where the webhook lists what it injected into a pod: `key=value`, joined by commas.
	annotationInjected = "flink-hpa.dev/injected"
	// ownLabels is how the labels begin that are kept.
	ownLabels = "flink-hpa.dev/"
	// outOfMemory is the kubelet's reason of a container that the kernel killed for memory.
	outOfMemory = "OOMKilled"
)

// Workload is what TaskManager pods are made by: what an HPA scales.
type Workload = pods.Workload

// Pod is one TaskManager pod. It is never changed.
type Pod struct {
	Namespace, Name    string
	UID                types.UID
	Created            time.Time
	Workload           Workload
	IP                 string            // empty: none yet
	Running            bool              // its containers were started; the TaskManager needn't have registered
	Unschedulable      string            // the scheduler's message when it last found no node for the pod; empty: it has one, or nobody has tried
	UnschedulableSince time.Time         // when it first found none; zero with an empty Unschedulable
	OutOfMemory        time.Time         // when the kernel last killed its Flink container for memory; zero: not that is known of
	Injected           string            // what the webhook injected, as its annotation says it
	Labels             map[string]string // those that begin with flink-hpa.dev/; nil: none
	Requests, Limits   Resources
}

// Resources are what all of a pod asks for, or may use, as a ResourceQuota counts it: the sum of its containers, or what an init container
// needs if that is more, and the overhead of its runtime class.
type Resources struct {
	MilliCPU int64 // thousandths of a CPU; 0: not set
	Memory   int64 // bytes; 0: not set
}

// kept is a Pod as the informer keeps it, which finds it by the metadata.
type kept struct {
	metav1.ObjectMeta
	pod   Pod
	alive bool // it is not being deleted and has not ended
}

// strip keeps of a pod what is used here. A Kubernetes cluster may have tens of thousands of TaskManagers.
func strip(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	small := Pod{
		Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, Created: pod.CreationTimestamp.Time,
		Workload: pods.WorkloadOf(pod), IP: pod.Status.PodIP, Running: pod.Status.Phase == corev1.PodRunning,
		OutOfMemory: killedForMemory(pod), Injected: pod.Annotations[annotationInjected],
		Requests: resources(resource.PodRequests(pod, resource.PodResourcesOptions{})),
		Limits:   resources(resource.PodLimits(pod, resource.PodResourcesOptions{})),
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse && condition.Reason == corev1.PodReasonUnschedulable {
			small.Unschedulable, small.UnschedulableSince = condition.Message, condition.LastTransitionTime.Time
			if small.Unschedulable == "" {
				small.Unschedulable = condition.Reason // another scheduler may say no more
			}
		}
	}
	for name, value := range pod.Labels {
		if strings.HasPrefix(name, ownLabels) {
			if small.Labels == nil {
				small.Labels = map[string]string{}
			}
			small.Labels[name] = value
		}
	}
	return &kept{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion},
		pod:        small,
		alive:      pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed,
	}, nil
}

func resources(list corev1.ResourceList) Resources {
	return Resources{MilliCPU: list.Cpu().MilliValue(), Memory: list.Memory().Value()}
}

// killedForMemory is when the kernel last killed the pod's Flink container for memory, in this life of it or the one before.
func killedForMemory(pod *corev1.Pod) (last time.Time) {
	name := flinkContainer(pod)
	for _, status := range pod.Status.ContainerStatuses {
		for _, state := range []corev1.ContainerState{status.State, status.LastTerminationState} {
			if end := state.Terminated; status.Name == name && end != nil && end.Reason == outOfMemory && end.FinishedAt.After(last) {
				last = end.FinishedAt.Time
			}
		}
	}
	return last
}

// flinkContainer is the name of the container that runs Flink, by the names that Flink's documentation and its operator give it; else the first.
func flinkContainer(pod *corev1.Pod) string {
	names := make([]string, 0, len(pod.Spec.Containers))
	for _, container := range pod.Spec.Containers {
		names = append(names, container.Name)
	}
	for _, known := range []string{"taskmanager", "flink-main-container"} {
		if slices.Contains(names, known) {
			return known
		}
	}
	return append(names, "")[0]
}
