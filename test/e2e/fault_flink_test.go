//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
)

func TestWhenTheJobManagerIsKilledReplicasStayAndTheHPASaysWhy(t *testing.T) {
	holdAt(t, 2)
	produce(t, load.Step{From: 50, To: 50, At: time.Second})
	kill(t, "component=jobmanager", syscall.SIGKILL)
	scaleOn(t, busyTarget("700m")) // nearly idle: one TaskManager, once that is known again
	eventually(t, time.Minute, "the HPA says that the job is not to be asked", scalingInactive("JobManager"))
	always(t, 10*time.Second, "replicas stay", wants(2, 2))
	eventually(t, 4*time.Minute, "replicas fall once the job has settled", wants(1, 1))
	eventually(t, time.Minute, "the HPA has its metric", scalingActive)
}

func TestWhenATaskManagerIsSilentReplicasStayAndTheHPASaysWhy(t *testing.T) {
	holdAt(t, 2)
	produce(t, load.Step{From: 50, To: 50, At: time.Second})
	silent := kill(t, "component=taskmanager", syscall.SIGSTOP)
	t.Cleanup(func() { // it would take its whole grace period otherwise
		options := metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}
		if err := cluster.Client.CoreV1().Pods(silent.Namespace).Delete(context.WithoutCancel(t.Context()), silent.Name, options); ignoreNotFound(err) != nil {
			t.Error(err)
		}
	})
	scaleOn(t, busyTarget("700m"))
	eventually(t, time.Minute, "the HPA says that the job has to settle", scalingInactive("job"))
	always(t, 10*time.Second, "replicas stay", wants(2, 2))
	eventually(t, 4*time.Minute, "replicas fall once the job has settled", wants(1, 1))
	eventually(t, time.Minute, "the HPA has its metric", scalingActive)
}

func TestWhenTheNodeIsFullTheWantedReplicasWaitAndDoNotRunAway(t *testing.T) {
	holdAt(t, 1)
	fillNode(t)
	// Busy all the time: two TaskManagers for each that is ready.
	produce(t, load.Step{From: 600, To: 600, At: time.Second})
	scaleOn(t, busyTarget("500m"))
	eventually(t, 3*time.Minute, "the HPA wants a second TaskManager", wants(2, 2))
	eventually(t, time.Minute, "it can't be scheduled", func(ctx context.Context) error {
		pods, err := cluster.Client.CoreV1().Pods(bed.SampleNamespace).List(ctx, metav1.ListOptions{
			LabelSelector: "component=taskmanager", FieldSelector: "status.phase=Pending",
		})
		if err == nil && len(pods.Items) != 1 {
			err = fmt.Errorf("%d TaskManagers are pending, not one", len(pods.Items))
		}
		return err
	})
	always(t, 30*time.Second, "no more are wanted for it", func(ctx context.Context) error {
		if err := wants(2, 2)(ctx); err != nil {
			return err
		}
		return scalingActive(ctx)
	})
	if err := cluster.Client.CoreV1().Pods(metav1.NamespaceDefault).Delete(t.Context(), "ballast", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 3*time.Minute, "the job takes it once there is room", runsAt(2))
}

// fillNode leaves room for no TaskManager, with a pod that never runs anything.
func fillNode(t *testing.T) {
	t.Helper()
	node, err := cluster.Client.CoreV1().Nodes().Get(t.Context(), "local", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	free := node.Status.Allocatable.Memory().DeepCopy()
	pods, err := cluster.Client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods.Items {
		for _, container := range pod.Spec.Containers {
			free.Sub(*container.Resources.Requests.Memory())
		}
	}
	free.Sub(resource.MustParse("100Mi"))
	ballast := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "ballast"},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: ptr.To[int64](1),
			Containers: []corev1.Container{{
				Name: "ballast", Image: "busybox:1", Command: []string{"sleep", "3600"},
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceMemory: free}},
			}},
		},
	}
	if _, err := cluster.Client.CoreV1().Pods(metav1.NamespaceDefault).Create(t.Context(), ballast, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := cluster.Client.CoreV1().Pods(metav1.NamespaceDefault).Delete(context.WithoutCancel(t.Context()), ballast.Name, metav1.DeleteOptions{})
		if ignoreNotFound(err) != nil {
			t.Error(err)
		}
	})
	eventually(t, time.Minute, "the node is full", func(ctx context.Context) error {
		pod, err := cluster.Client.CoreV1().Pods(metav1.NamespaceDefault).Get(ctx, ballast.Name, metav1.GetOptions{})
		if err == nil && pod.Status.Phase != corev1.PodRunning {
			err = fmt.Errorf("the pod that fills it is %s", pod.Status.Phase)
		}
		return err
	})
}

// kill sends a signal to a pod of the sample's job.
func kill(t *testing.T, selector string, signal syscall.Signal) corev1.Pod {
	t.Helper()
	pod, err := podOf(t.Context(), bed.SampleNamespace, selector)
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Signal(pod, signal); err != nil {
		t.Fatal(err)
	}
	return pod
}
