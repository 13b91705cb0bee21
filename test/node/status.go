package node

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// containerStatus is what the node knows about one container.
type containerStatus struct {
	spec     corev1.Container
	state    corev1.ContainerState // exactly one of its fields is set
	last     corev1.ContainerState // how it ended the last time
	restarts int32
	started  bool // its startup probe has passed, or it has none
	ready    bool
	final    bool // it has ended and will not be started again
}

func (c *containerStatus) succeeded() bool {
	return c.final && c.state.Terminated != nil && c.state.Terminated.ExitCode == 0
}

func (c *containerStatus) api() corev1.ContainerStatus {
	return corev1.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, ImageID: c.spec.Image,
		State: c.state, LastTerminationState: c.last,
		RestartCount: c.restarts, Started: new(c.started), Ready: c.ready,
	}
}

// podStatus is the status of a pod from that of its containers, by the kubelet's rules. old keeps the times at which
// conditions changed.
func podStatus(init, main []*containerStatus, old corev1.PodStatus, now metav1.Time) corev1.PodStatus {
	status := old
	status.InitContainerStatuses, status.ContainerStatuses = nil, nil
	initialized, allReady, waiting, ended, succeeded := true, true, 0, 0, 0
	for _, c := range init {
		initialized = initialized && c.succeeded()
		entry := c.api()
		entry.Ready = c.succeeded()
		status.InitContainerStatuses = append(status.InitContainerStatuses, entry)
	}
	for _, c := range main {
		status.ContainerStatuses = append(status.ContainerStatuses, c.api())
		allReady = allReady && c.ready
		switch {
		case c.final:
			ended++
		case c.state.Waiting != nil && c.last.Terminated == nil:
			waiting++
		}
		if c.succeeded() {
			succeeded++
		}
	}
	initFailed := len(init) > 0 && init[len(init)-1].final && !initialized
	switch {
	case initFailed:
		status.Phase = corev1.PodFailed
	case !initialized || waiting > 0:
		status.Phase = corev1.PodPending
	case ended < len(main):
		status.Phase = corev1.PodRunning
	case succeeded == len(main):
		status.Phase = corev1.PodSucceeded
	default:
		status.Phase = corev1.PodFailed
	}
	reason := ""
	if status.Phase == corev1.PodSucceeded {
		reason = "PodCompleted"
	} else if !allReady {
		reason = "ContainersNotReady"
	}
	status.Conditions = []corev1.PodCondition{
		condition(old, corev1.PodScheduled, true, "", now),
		condition(old, corev1.PodInitialized, initialized, "", now),
		condition(old, corev1.ContainersReady, allReady, reason, now),
		condition(old, corev1.PodReady, allReady, reason, now),
	}
	return status
}

func condition(old corev1.PodStatus, kind corev1.PodConditionType, holds bool, reason string, now metav1.Time) corev1.PodCondition {
	next := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, LastTransitionTime: now}
	if holds {
		next.Status = corev1.ConditionTrue
	}
	for _, before := range old.Conditions {
		if before.Type == kind && before.Status == next.Status {
			next.LastTransitionTime = before.LastTransitionTime
		}
	}
	return next
}

// IsReady says whether the pod's condition Ready holds.
func IsReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
