//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

// tenant is the namespace in manifests/overlays/namespaced.
const tenant = "team-a"

func TestWhenOnlySomeNamespacesAreServedNothingElseIsReadAndNothingIsMissing(t *testing.T) {
	someRecords(t)
	if _, err := cluster.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: tenant, Labels: map[string]string{"flink-hpa.dev/inject": "enabled"},
	}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	installed(t, "namespaced", "clusterrolebinding/flink-hpa-adapter", "clusterrolebinding/flink-hpa-webhook")
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		installed(t, "default")
		for _, object := range [][]string{
			{"namespace/" + tenant}, {"-n", hpaNamespace, "role,rolebinding", adapterConfig},
			{"-n", metav1.NamespaceDefault, "role,rolebinding", adapterConfig},
		} {
			if _, err := cluster.Run(ctx, append([]string{"delete"}, object...)...); err != nil {
				t.Error(err)
			}
		}
	})

	group := "group%3D" + bed.SampleGroup
	eventually(t, time.Minute, "the lag is told in a namespace that is served", func(ctx context.Context) error {
		_, err := raw(ctx, tenant, lagMetric, group)
		return err
	})
	eventually(t, time.Minute, "and refused in another", func(ctx context.Context) error {
		answer, err := raw(ctx, bed.SampleNamespace, lagMetric, group)
		if err == nil || !strings.Contains(answer, `namespace "flink-demo" is not among those that the adapter serves`) {
			return fmt.Errorf("the answer is %s", answer)
		}
		return nil
	})
	eventually(t, time.Minute, "pods are injected into in a namespace that is served, and not in another", func(ctx context.Context) error {
		here, err := injects(ctx, tenant)
		elsewhere, errElsewhere := injects(ctx, bed.SampleNamespace)
		if err = errors.Join(err, errElsewhere); err == nil && (!here || elsewhere) {
			err = fmt.Errorf("in %s: %t, in %s: %t", tenant, here, bed.SampleNamespace, elsewhere)
		}
		return err
	})
	// Those that ended meanwhile may have lost rights that they still needed.
	pods, err := cluster.Client.CoreV1().Pods(hpaNamespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp == nil {
			names = append(names, pod.Name)
		}
	}
	used, refused := requests(t, names...)
	if len(names) != 4 || len(used) == 0 || len(refused) != 0 {
		t.Errorf("of the pods %s refused: %s; used: %s", strings.Join(names, ", "), strings.Join(refused, "; "), strings.Join(used, "; "))
	}
}

// injects tells whether a TaskManager that asks for it would be injected into.
func injects(ctx context.Context, namespace string) (bool, error) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "taskmanager-", Labels: map[string]string{"flink-hpa.dev/inject": "enabled"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "taskmanager", Image: "flink:2.3.0", Args: []string{"taskmanager"}}}},
	}
	made, err := cluster.Client.CoreV1().Pods(namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return false, err
	}
	return len(made.Spec.Containers[0].Args) > 1, nil
}

// installed applies an overlay and returns when both programs run as it says. What it has no use for is deleted first.
func installed(t *testing.T, overlay string, without ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if err := cluster.ApplyOverlay(ctx, overlay); err != nil {
		t.Fatal(err)
	}
	for _, object := range without {
		if _, err := cluster.Run(ctx, "delete", object); err != nil {
			t.Fatal(err)
		}
	}
	for _, program := range []string{adapterConfig, webhookName} {
		if _, err := cluster.Run(ctx, "rollout", "status", "-n", hpaNamespace, "deployment/"+program, "--timeout=4m"); err != nil {
			t.Fatal(err)
		}
	}
}
