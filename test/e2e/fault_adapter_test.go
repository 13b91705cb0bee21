//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	externalmetrics "k8s.io/metrics/pkg/client/external_metrics"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
)

// Tests whose names begin with TestWhen are about faults. They run on a bed of their own after the others, as what they do to the adapter and
// the API server would be felt by all; see the Makefile.

// desiredTarget is the metric of the sample hpa-desired.
func desiredTarget() autoscalingv2.MetricSpec {
	return external(desiredMetric, map[string]string{"app": "flink", "component": "jobmanager"}, perReplica("1"))
}

func TestWhenBothProgramsAreReplacedNoReadAndNoAdmissionFails(t *testing.T) {
	holdAt(t, 2)
	produce(t, load.Step{From: 50, To: 50, At: time.Second})
	// Never true, so that nothing is scaled: what counts is that an HPA asks.
	scaleOn(t, lagTarget("1000000"), atCommitTarget("1000000"), busyTarget("999"), desiredTarget())
	holdReplicas(t)
	reads := reader(t)
	eventually(t, 3*time.Minute, "each metric has a value", reads)
	admits := admissions(t)
	eventually(t, time.Minute, "pods are admitted", admits)

	read, admitted := underLoad(t, reads), underLoad(t, admits)
	for _, program := range []string{adapterConfig, webhookName} {
		if _, err := cluster.Run(t.Context(), "rollout", "restart", "-n", hpaNamespace, "deployment/"+program); err != nil {
			t.Fatal(err)
		}
	}
	for _, program := range []string{adapterConfig, webhookName} {
		if _, err := cluster.Run(t.Context(), "rollout", "status", "-n", hpaNamespace, "deployment/"+program, "--timeout=5m"); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 2*time.Minute, "the replaced pods are gone", func(ctx context.Context) error {
		pods, err := cluster.Client.CoreV1().Pods(hpaNamespace).List(ctx, metav1.ListOptions{})
		if err == nil && len(pods.Items) != 4 {
			err = fmt.Errorf("there are %d pods, not 4", len(pods.Items))
		}
		return err
	})
	t.Logf("%d rounds of reads and %d admissions", read.Load(), admitted.Load())
}

// reader asks the API server for all metrics that the HPA goes by, over one connection, as the HPA controller does.
func reader(t *testing.T) func(context.Context) error {
	t.Helper()
	config := rest.CopyConfig(cluster.Config)
	config.QPS = -1
	client, err := externalmetrics.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	metrics := client.NamespacedMetrics(bed.SampleNamespace)
	job, group := labels.SelectorFromSet(labels.Set{"app": "flink", "component": "jobmanager"}), labels.SelectorFromSet(labels.Set{"group": bed.SampleGroup})
	return func(context.Context) error {
		for _, question := range []struct {
			metric   string
			selector labels.Selector
		}{{lagMetric, group}, {atCommitMetric, group}, {busyMetric, job}, {desiredMetric, job}} {
			values, err := metrics.List(question.metric, question.selector)
			if err != nil {
				return fmt.Errorf("%s: %w", question.metric, err)
			}
			if len(values.Items) != 1 {
				return fmt.Errorf("%s has %d values", question.metric, len(values.Items))
			}
		}
		return nil
	}
}

// holdReplicas takes from the HPA the right to change them, while it goes on asking.
func holdReplicas(t *testing.T) {
	t.Helper()
	patch := `{"spec":{"behavior":{"scaleUp":{"selectPolicy":"Disabled"},"scaleDown":{"selectPolicy":"Disabled"}}}}`
	if _, err := cluster.Run(t.Context(), "patch", "-n", bed.SampleNamespace, "hpa/"+bed.SampleTaskManager, "-p", patch); err != nil {
		t.Fatal(err)
	}
}

func TestWhenAnAdapterIsKilledInTheMiddleOfAScaleUpItGoesOn(t *testing.T) {
	holdAt(t, 1)
	produce(t, load.Step{From: 1300, To: 0, At: 30 * time.Second})
	scaleOn(t, lagTarget("5000"))
	eventually(t, 3*time.Minute, "lag brings replicas up", wants(2, 4))
	killAdapters(t, replicasOfAdapter(t)[:1])
	reached, err := replicas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, "replicas go on to rise, and never fall", func(ctx context.Context) error {
		n, err := replicas(ctx)
		if err == nil && n < reached {
			t.Fatalf("replicas fell from %d to %d", reached, n)
		}
		return errors.Join(err, wants(4, 4)(ctx))
	})
	eventually(t, time.Minute, "the HPA has its metric", scalingActive)
}

func TestWhenBothAdaptersAreKilledReplicasStayTillTheyKnowTheJobAgain(t *testing.T) {
	holdAt(t, 2)
	produce(t, load.Step{From: 50, To: 50, At: time.Second})
	eventually(t, 2*time.Minute, "the busy ratio is known", func(ctx context.Context) error {
		_, err := raw(ctx, bed.SampleNamespace, busyMetric, "app%3Dflink%2Ccomponent%3Djobmanager")
		return err
	})
	killAdapters(t, replicasOfAdapter(t))
	scaleOn(t, busyTarget("700m")) // a nearly idle job: one TaskManager, once it is known
	eventually(t, time.Minute, "the HPA says that it has no metric", scalingInactive("flink_busy_ratio"))
	if condition, err := hpaSays(t.Context(), autoscalingv2.ScalingActive); err == nil {
		t.Logf("the HPA says: %s", condition.Message)
	}
	if err := wants(2, 2)(t.Context()); err != nil {
		t.Error(err)
	}
	eventually(t, 2*time.Minute, "replicas fall once it is known", wants(1, 1))
	if err := scalingActive(t.Context()); err != nil {
		t.Error(err)
	}
}

// killAdapters ends them as a crash does, and returns when they run again.
func killAdapters(t *testing.T, pods []corev1.Pod) {
	t.Helper()
	var killing sync.WaitGroup
	for _, pod := range pods {
		killing.Go(func() {
			if err := cluster.Signal(pod, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		})
	}
	killing.Wait()
	eventually(t, time.Minute, "the killed adapters have started again", func(ctx context.Context) error {
		for _, pod := range pods {
			now, err := cluster.Client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if restarts(*now) == restarts(pod) {
				return fmt.Errorf("pod %s has not restarted", pod.Name)
			}
		}
		return nil
	})
}

// scalingActive is content when the HPA has its metrics.
func scalingActive(ctx context.Context) error {
	condition, err := hpaSays(ctx, autoscalingv2.ScalingActive)
	if err == nil && condition.Status != corev1.ConditionTrue {
		err = fmt.Errorf("ScalingActive is %s, %s: %s", condition.Status, condition.Reason, condition.Message)
	}
	return err
}

func TestWhenTheAPIServerRestartsReplicasStayAndAllGoesOn(t *testing.T) {
	holdAt(t, 2)
	someRecords(t)
	if err := cluster.RestartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The group has no lag: one replica, once the HPA controller is back.
	scaleOn(t, lagTarget("1000000"))
	if err := wants(2, 2)(t.Context()); err != nil {
		t.Error(err)
	}
	eventually(t, 2*time.Minute, "replicas fall", wants(1, 1))
	eventually(t, time.Minute, "the HPA has its metric", scalingActive)
	eventually(t, time.Minute, "pods are injected into", admissions(t))
}

func TestWhenTheAPIServiceIsTakenItIsToldAndNotFoughtOver(t *testing.T) {
	const apiService = "v1beta1.external.metrics.k8s.io"
	holdAt(t, 2)
	someRecords(t)
	eventually(t, time.Minute, "each adapter says that the APIService is its own", eachSays("flink_hpa_apiservice_owned 1"))
	leadTo := func(ctx context.Context, name string) {
		t.Helper()
		patch := fmt.Sprintf(`{"spec":{"service":{"namespace":%q,"name":%q}}}`, hpaNamespace, name)
		if _, err := cluster.Run(ctx, "patch", "apiservice", apiService, "--type=merge", "-p", patch); err != nil {
			t.Fatal(err)
		}
	}
	leadTo(t.Context(), "somebody-else")
	t.Cleanup(func() { leadTo(context.WithoutCancel(t.Context()), adapterConfig) })
	scaleOn(t, lagTarget("1000000"))

	eventually(t, time.Minute, "the HPA says that nobody answers", scalingInactive(lagMetric))
	eventually(t, time.Minute, "each adapter says that it is not", eachSays("flink_hpa_apiservice_owned 0"))
	eventually(t, time.Minute, "an Event on the APIService says whose it is", func(ctx context.Context) error {
		events, err := cluster.Client.CoreV1().Events(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{
			FieldSelector: "involvedObject.kind=APIService,involvedObject.name=" + apiService,
		})
		if err != nil {
			return err
		}
		var notes []string
		for _, event := range events.Items {
			notes = append(notes, event.Reason+": "+event.Message)
		}
		if text := strings.Join(notes, "\n"); len(notes) != 1 || !strings.Contains(text, `ExternalMetricsTaken: it leads to the Service "flink-hpa/somebody-else", not to flink-hpa's`) {
			return fmt.Errorf("%d Events: %s", len(notes), text)
		}
		return nil
	})
	if holder, err := cluster.Run(t.Context(), "get", "apiservice", apiService, "-o", "jsonpath={.spec.service.name}"); err != nil || holder != "somebody-else" {
		t.Errorf("the APIService leads to %s, %v", holder, err)
	}
	if err := wants(2, 2)(t.Context()); err != nil {
		t.Error(err)
	}

	leadTo(t.Context(), adapterConfig)
	eventually(t, 2*time.Minute, "each adapter says that the APIService is its own again", eachSays("flink_hpa_apiservice_owned 1"))
	eventually(t, 2*time.Minute, "replicas fall", wants(1, 1))
}

func TestWhenANamespaceIsDeletedWithoutKafkaItGoes(t *testing.T) {
	scale(t, "kafka", "statefulset/kafka", 0)
	t.Cleanup(func() {
		scale(t, "kafka", "statefulset/kafka", 1)
		if _, err := cluster.Run(context.WithoutCancel(t.Context()), "rollout", "status", "-n", "kafka", "statefulset/kafka", "--timeout=2m"); err != nil {
			t.Error(err)
		}
	})
	namespaces := cluster.Client.CoreV1().Namespaces()
	namespace, err := namespaces.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "short-lived-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	hpas := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(namespace.Name)
	if _, err := hpas.Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "lonely"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "nobody"}, MaxReplicas: 2,
			Metrics: []autoscalingv2.MetricSpec{lagTarget("1")},
		},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the broker has ended", func(ctx context.Context) error {
		if pod, err := podOf(ctx, "kafka", "app=kafka"); err == nil {
			return fmt.Errorf("pod %s is still there", pod.Name)
		}
		return nil
	})
	if err := namespaces.Delete(t.Context(), namespace.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: new(namespace.UID)}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the namespace is gone", func(ctx context.Context) error {
		left, err := namespaces.Get(ctx, namespace.Name, metav1.GetOptions{})
		if err == nil {
			return fmt.Errorf("its conditions are %v", left.Status.Conditions)
		}
		return ignoreNotFound(err)
	})
}
