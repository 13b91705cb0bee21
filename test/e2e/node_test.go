//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// What the bed's node promises, as the pods in testdata/pods.yaml show it.
func TestTheNodeRunsPodsAsAKubeletDoes(t *testing.T) {
	apply(t, "pods.yaml")
	for _, test := range []struct {
		name, app string
		holds     func(corev1.Pod) bool
	}{
		{"a pod too many stays pending", "too-large", func(pod corev1.Pod) bool {
			for _, condition := range pod.Status.Conditions {
				if condition.Type == corev1.PodScheduled && condition.Reason == corev1.PodReasonUnschedulable {
					return pod.Status.Phase == corev1.PodPending
				}
			}
			return false
		}},
		{"an unknown image gives ErrImagePull, and is named", "unknown-image", func(pod corev1.Pod) bool {
			w := container(pod).State.Waiting
			return w != nil && w.Reason == "ErrImagePull" && strings.Contains(w.Message, "example/nothing:1")
		}},
		{"an init container, a Secret and the pod's own fields reach the process", "inputs", func(pod corev1.Pod) bool {
			data, err := os.ReadFile(filepath.Join(cluster.Logs, "pods", pod.Name, "main.log"))
			return err == nil && string(data) == "inputs secret from-init\n" && pod.Status.Phase == corev1.PodSucceeded
		}},
		{"a readiness probe that passes makes a pod ready", "probes", func(pod corev1.Pod) bool { return container(pod).Ready }},
		{"a liveness probe that fails restarts a container", "unhealthy", func(pod corev1.Pod) bool {
			return container(pod).RestartCount > 0 && container(pod).LastTerminationState.Terminated != nil
		}},
		{"a container that ends again and again waits longer", "crashing", func(pod corev1.Pod) bool {
			w := container(pod).State.Waiting
			return w != nil && w.Reason == "CrashLoopBackOff" && container(pod).RestartCount > 0
		}},
		{"a missing ConfigMap leaves a pod waiting", "waiting", func(pod corev1.Pod) bool {
			w := container(pod).State.Waiting
			return w != nil && w.Reason == "ContainerCreating" && pod.Status.Phase == corev1.PodPending
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			eventually(t, 30*time.Second, test.name, func(ctx context.Context) error {
				pod, err := podOf(ctx, "pods", "app="+test.app)
				if err == nil && !test.holds(pod) {
					err = fmt.Errorf("the pod's status is %+v", pod.Status)
				}
				return err
			})
		})
	}
}

// container is the status of the pod's one container; the zero status before the node has written one.
func container(pod corev1.Pod) corev1.ContainerStatus {
	if len(pod.Status.ContainerStatuses) == 0 {
		return corev1.ContainerStatus{}
	}
	return pod.Status.ContainerStatuses[0]
}
