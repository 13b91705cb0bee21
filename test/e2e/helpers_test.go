//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
)

const (
	lagMetric  = "kafka_consumergroup_lag"
	busyMetric = "flink_busy_ratio"
)

// eventually asks till check is content; the test fails with what was wrong at last.
func eventually(t *testing.T, within time.Duration, what string, check func(ctx context.Context) error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check(t.Context())
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s; at last: %v", within, what, err)
		}
		time.Sleep(500 * time.Millisecond) // between two looks
	}
}

// always looks for a while, and the test fails when check is not content once.
func always(t *testing.T, during time.Duration, what string, check func(ctx context.Context) error) {
	t.Helper()
	for deadline := time.Now().Add(during); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		if err := check(t.Context()); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// lagTarget, atCommitTarget and busyTarget are metrics of the sample's job.
func lagTarget(perTaskManager string) autoscalingv2.MetricSpec {
	return groupTarget(lagMetric, perTaskManager)
}

func atCommitTarget(perTaskManager string) autoscalingv2.MetricSpec {
	return groupTarget(atCommitMetric, perTaskManager)
}

func groupTarget(metric, perTaskManager string) autoscalingv2.MetricSpec {
	return external(metric, map[string]string{"group": bed.SampleGroup}, perReplica(perTaskManager))
}

func perReplica(value string) autoscalingv2.MetricTarget {
	return autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: new(resource.MustParse(value))}
}

func busyTarget(ratio string) autoscalingv2.MetricSpec {
	return external(busyMetric, map[string]string{"app": "flink", "component": "jobmanager"},
		autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: new(resource.MustParse(ratio))})
}

func external(name string, labels map[string]string, target autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
		Metric: autoscalingv2.MetricIdentifier{Name: name, Selector: &metav1.LabelSelector{MatchLabels: labels}}, Target: target,
	}}
}

// scaleOn makes the sample's HPA follow these metrics, without its patience: up and down as soon as they say so.
func scaleOn(t *testing.T, metrics ...autoscalingv2.MetricSpec) {
	t.Helper()
	hpas := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(bed.SampleNamespace)
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		hpa, err := hpas.Get(t.Context(), bed.SampleTaskManager, metav1.GetOptions{})
		if err != nil {
			return err
		}
		hpa.Spec.Metrics = metrics
		hpa.Spec.MaxReplicas = 4
		hpa.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleUp:   &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](0)},
			ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](10)},
		}
		_, err = hpas.Update(t.Context(), hpa, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// holdAt turns the HPA off and runs the sample's job with that many TaskManagers.
func holdAt(t *testing.T, replicas int) {
	t.Helper()
	scaleOn(t, lagTarget("1000000"))
	hpas := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(bed.SampleNamespace)
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		hpa, err := hpas.Get(t.Context(), bed.SampleTaskManager, metav1.GetOptions{})
		if err != nil {
			return err
		}
		hpa.Spec.Behavior.ScaleUp.SelectPolicy = ptr.To(autoscalingv2.DisabledPolicySelect)
		hpa.Spec.Behavior.ScaleDown.SelectPolicy = ptr.To(autoscalingv2.DisabledPolicySelect)
		_, err = hpas.Update(t.Context(), hpa, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	scale(t, bed.SampleNamespace, "deployment/"+bed.SampleTaskManager, replicas)
	eventually(t, 3*time.Minute, "the job runs on the TaskManagers that were set", runsAt(replicas))
}

// scale also works in a cleanup, when the test's own context has ended.
func scale(t *testing.T, namespace, object string, replicas int) {
	t.Helper()
	if _, err := cluster.Run(context.WithoutCancel(t.Context()), "scale", "-n", namespace, object, fmt.Sprintf("--replicas=%d", replicas)); err != nil {
		t.Fatal(err)
	}
}

// runsAt is content when the job runs with exactly that parallelism.
func runsAt(parallelism int) func(context.Context) error {
	return func(ctx context.Context) error {
		job, err := cluster.flink.Job(ctx)
		if err != nil {
			return err
		}
		taskManagers, err := cluster.flink.TaskManagers(ctx)
		if err != nil {
			return err
		}
		if job.State != "RUNNING" || job.Parallelism() != parallelism || len(taskManagers) != parallelism {
			return fmt.Errorf("the job is %s at parallelism %d with %d TaskManagers", job.State, job.Parallelism(), len(taskManagers))
		}
		return nil
	}
}

// replicas is what the HPA, or a person, has asked for.
func replicas(ctx context.Context) (int, error) {
	deployment, err := cluster.Client.AppsV1().Deployments(bed.SampleNamespace).Get(ctx, bed.SampleTaskManager, metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	return int(*deployment.Spec.Replicas), nil
}

func wants(low, high int) func(context.Context) error {
	return func(ctx context.Context) error {
		n, err := replicas(ctx)
		if err == nil && (n < low || n > high) {
			err = fmt.Errorf("replicas are %d, not %d to %d", n, low, high)
		}
		return err
	}
}

// hpaSays is the HPA's condition of that type.
func hpaSays(ctx context.Context, kind autoscalingv2.HorizontalPodAutoscalerConditionType) (autoscalingv2.HorizontalPodAutoscalerCondition, error) {
	hpa, err := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(bed.SampleNamespace).Get(ctx, bed.SampleTaskManager, metav1.GetOptions{})
	if err != nil {
		return autoscalingv2.HorizontalPodAutoscalerCondition{}, err
	}
	for _, condition := range hpa.Status.Conditions {
		if condition.Type == kind {
			return condition, nil
		}
	}
	return autoscalingv2.HorizontalPodAutoscalerCondition{}, fmt.Errorf("the HPA has no condition %s", kind)
}

// produce starts a load on the sample's topic, which ends with the test.
func produce(t *testing.T, shape load.Shape) *load.Generator {
	t.Helper()
	generator, _ := produceTo(t, bed.Topic, shape)
	return generator
}

// produceTo starts a load. It ends with the test, or when stop is called, which returns once all is written.
func produceTo(t *testing.T, topic string, shape load.Shape) (generator *load.Generator, stop func()) {
	t.Helper()
	generator = newGenerator(t, topic)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- generator.Run(ctx, shape, time.Hour) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("load: %v", err)
		}
	})
	t.Cleanup(stop)
	return generator, stop
}

// someRecords produces enough for the sample's group to commit an offset on every partition.
func someRecords(t *testing.T) {
	t.Helper()
	if err := newGenerator(t, bed.Topic).Run(t.Context(), load.Step{From: 1000, To: 1000, At: time.Second}, time.Second); err != nil {
		t.Fatal(err)
	}
}

func newGenerator(t *testing.T, topic string) *load.Generator {
	t.Helper()
	client, err := load.Connect([]string{cluster.Kafka})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Errorf("load: %v", err)
		}
	})
	generator, err := load.NewGenerator(client, topic, clock.RealClock{})
	if err != nil {
		t.Fatal(err)
	}
	return generator
}

// raw reads an external metric as kubectl get --raw does.
func raw(ctx context.Context, namespace, metric, selector string) (string, error) {
	return cluster.Run(ctx, "get", "--raw", "/apis/external.metrics.k8s.io/v1beta1/namespaces/"+namespace+"/"+metric+"?labelSelector="+selector)
}

func apply(t *testing.T, file string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if _, err := cluster.Run(t.Context(), "apply", "-f", path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := cluster.Run(context.WithoutCancel(t.Context()), "delete", "-f", path, "--wait=false"); err != nil {
			t.Error(err)
		}
	})
}

func podOf(ctx context.Context, namespace, selector string) (corev1.Pod, error) {
	pods, err := cluster.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return corev1.Pod{}, err
	}
	if len(pods.Items) == 0 {
		return corev1.Pod{}, fmt.Errorf("no pod in %s has %s", namespace, selector)
	}
	return pods.Items[0], nil
}

// ignoreNotFound is for what may be gone already.
func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
