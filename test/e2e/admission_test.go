//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestAThousandPodsAtOnceAreAllInjectedInto(t *testing.T) {
	ask := admissions(t)
	const pods = 1000
	errs := make(chan error, pods)
	start := make(chan struct{})
	for range pods {
		go func() {
			<-start
			errs <- ask(t.Context())
		}()
	}
	began := time.Now()
	close(start)
	failed := map[string]int{}
	for range pods {
		if err := <-errs; err != nil {
			failed[err.Error()]++
		}
	}
	t.Logf("%d admissions took %s", pods, time.Since(began).Round(time.Millisecond))
	for text, count := range failed {
		t.Errorf("%d pods: %s", count, text)
	}
}

func TestAPodStartsWithoutTheWebhookAndIsCountedOnceItIsBack(t *testing.T) {
	namespace := admittingNamespace(t)
	scale(t, hpaNamespace, "deployment/"+webhookName, 0)
	t.Cleanup(func() {
		scale(t, hpaNamespace, "deployment/"+webhookName, 2)
		rolledOut(context.WithoutCancel(t.Context()), t)
	})
	eventually(t, time.Minute, "the webhook has gone", func(ctx context.Context) error {
		if namespace.admits(ctx) == nil {
			return errors.New("a pod was injected into")
		}
		return nil
	})
	pods := cluster.Client.CoreV1().Pods(namespace.name)
	lonely := &corev1.Pod{ // looks for a JobManager that isn't there
		ObjectMeta: metav1.ObjectMeta{Name: "lonely"},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: ptr.To[int64](1),
			Containers: []corev1.Container{{
				Name: "taskmanager", Image: "flink:2.3.0", Args: []string{"taskmanager"},
				Env: []corev1.EnvVar{{Name: "JOB_MANAGER_RPC_ADDRESS", Value: "nobody"}},
			}},
		},
	}
	if _, err := pods.Create(t.Context(), lonely, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the pod runs as it was written", func(ctx context.Context) error {
		pod, err := pods.Get(ctx, lonely.Name, metav1.GetOptions{})
		if err == nil && (pod.Status.Phase != corev1.PodRunning || len(pod.Spec.Containers[0].Args) != 1) {
			err = fmt.Errorf("the pod is %s, its args are %q", pod.Status.Phase, pod.Spec.Containers[0].Args)
		}
		return err
	})
	scale(t, hpaNamespace, "deployment/"+webhookName, 2)
	eventually(t, time.Minute, "the webhook counts the pod", namespace.unmutated(1))
	if err := pods.Delete(t.Context(), lonely.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the webhook counts no pod", namespace.unmutated(0))
	eventually(t, time.Minute, "pods are injected into again", namespace.admits)
}
