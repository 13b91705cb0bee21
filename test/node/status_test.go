package node

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPodStatus(t *testing.T) {
	waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	ended := func(code int32) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}
	}
	for _, test := range []struct {
		name       string
		init, main []*containerStatus
		phase      corev1.PodPhase
		ready      bool
	}{
		{"a container that has never run makes the pod pending", nil, []*containerStatus{{state: waiting}}, corev1.PodPending, false},
		{"a running container that isn't ready makes it running", nil, []*containerStatus{{state: running}}, corev1.PodRunning, false},
		{"all ready makes it ready", nil, []*containerStatus{{state: running, ready: true}, {state: running, ready: true}}, corev1.PodRunning, true},
		{"one that waits for its restart leaves it running", nil, []*containerStatus{{state: waiting, last: ended(1)}}, corev1.PodRunning, false},
		{"all ended well makes it succeeded", nil, []*containerStatus{{state: ended(0), final: true}}, corev1.PodSucceeded, false},
		{"one that ended badly for good makes it failed", nil, []*containerStatus{{state: ended(0), final: true}, {state: ended(3), final: true}}, corev1.PodFailed, false},
		{"one that goes on keeps it running", nil, []*containerStatus{{state: ended(0), final: true}, {state: running}}, corev1.PodRunning, false},
		{"an init container under way makes it pending", []*containerStatus{{state: running}}, []*containerStatus{{state: waiting}}, corev1.PodPending, false},
		{"an init container that failed for good makes it failed", []*containerStatus{{state: ended(1), final: true}}, []*containerStatus{{state: waiting}}, corev1.PodFailed, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := podStatus(test.init, test.main, corev1.PodStatus{}, metav1.Now())
			if got.Phase != test.phase {
				t.Errorf("phase is %s, want %s", got.Phase, test.phase)
			}
			if ready := IsReady(&corev1.Pod{Status: got}); ready != test.ready {
				t.Errorf("ready is %v, want %v", ready, test.ready)
			}
		})
	}
}

func TestConditionsKeepTheTimeOfTheirLastChange(t *testing.T) {
	first := metav1.NewTime(time.Unix(1000, 0))
	later := metav1.NewTime(time.Unix(2000, 0))
	c := []*containerStatus{{state: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	status := podStatus(nil, c, corev1.PodStatus{}, first)
	c[0].ready = true
	status = podStatus(nil, c, status, later)
	for _, condition := range status.Conditions {
		want := first
		if condition.Type == corev1.PodReady || condition.Type == corev1.ContainersReady {
			want = later
		}
		if condition.LastTransitionTime != want {
			t.Errorf("%s changed at %v, want %v", condition.Type, condition.LastTransitionTime, want)
		}
	}
}
