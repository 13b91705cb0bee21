//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
)

// minutes is far longer than the adapter keeps a value, and than the HPA's stabilization.
const minutes = 100 * time.Second

func TestWhenTheBrokerIsGoneForMinutesReplicasStayAndTheHPASaysWhy(t *testing.T) {
	holdAt(t, 2)
	someRecords(t)
	eventually(t, time.Minute, "the lag is known", func(ctx context.Context) error {
		_, err := raw(ctx, bed.SampleNamespace, lagMetric, "group%3D"+bed.SampleGroup)
		return err
	})
	scale(t, "kafka", "statefulset/kafka", 0)
	t.Cleanup(func() { scale(t, "kafka", "statefulset/kafka", 1) })
	eventually(t, time.Minute, "the broker has ended", func(ctx context.Context) error {
		if pod, err := podOf(ctx, "kafka", "app=kafka"); err == nil {
			return fmt.Errorf("pod %s is still there", pod.Name)
		}
		return nil
	})
	eventually(t, time.Minute, "the lag is refused", func(ctx context.Context) error {
		if answer, err := raw(ctx, bed.SampleNamespace, lagMetric, "group%3D"+bed.SampleGroup); err == nil {
			return fmt.Errorf("the answer is %s", answer)
		}
		return nil
	})
	// Nothing is read, so the job is idle: both metrics would say one TaskManager, if the broker's silence were a 0.
	scaleOn(t, lagTarget("5000"), busyTarget("700m"))
	eventually(t, time.Minute, "the HPA says that the broker doesn't answer", scalingInactive("Kafka cluster"))
	always(t, minutes, "replicas stay", wants(2, 2))

	scale(t, "kafka", "statefulset/kafka", 1)
	eventually(t, 3*time.Minute, "replicas fall once the lag is known again", wants(1, 1))
}

func TestWhenTheJobRestartsReplicasStay(t *testing.T) {
	holdAt(t, 2)
	produce(t, load.Step{From: 50, To: 50, At: time.Second})
	eventually(t, 2*time.Minute, "the busy ratio is known", func(ctx context.Context) error {
		_, err := raw(ctx, bed.SampleNamespace, busyMetric, "app%3Dflink%2Ccomponent%3Djobmanager")
		return err
	})
	pod, err := podOf(t.Context(), bed.SampleNamespace, "component=taskmanager")
	if err != nil {
		t.Fatal(err)
	}
	// Without its grace period, so that the job finds out by itself.
	options := metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}
	if err := cluster.Client.CoreV1().Pods(pod.Namespace).Delete(t.Context(), pod.Name, options); err != nil {
		t.Fatal(err)
	}
	// A nearly idle job: the ratio from before the restart would say one TaskManager.
	eventually(t, time.Minute, "the busy ratio is refused", func(ctx context.Context) error {
		if answer, err := raw(ctx, bed.SampleNamespace, busyMetric, "app%3Dflink%2Ccomponent%3Djobmanager"); err == nil {
			return fmt.Errorf("the answer is %s", answer)
		}
		return nil
	})
	scaleOn(t, busyTarget("700m"))
	eventually(t, 40*time.Second, "the HPA says that the job has to settle", scalingInactive("job"))
	always(t, 10*time.Second, "replicas stay", wants(2, 2))
	eventually(t, 3*time.Minute, "replicas fall once the job has settled", wants(1, 1))
}

// scalingInactive is content when the HPA says that it has no metric, in words that contain text.
func scalingInactive(text string) func(context.Context) error {
	return func(ctx context.Context) error {
		condition, err := hpaSays(ctx, autoscalingv2.ScalingActive)
		if err != nil {
			return err
		}
		if condition.Status != corev1.ConditionFalse || !strings.Contains(condition.Message, text) {
			return fmt.Errorf("ScalingActive is %s, %s: %s", condition.Status, condition.Reason, condition.Message)
		}
		return nil
	}
}

func TestUnknownNamesAreRefusedWithASentence(t *testing.T) {
	for _, test := range []struct{ name, namespace, metric, selector, status, says string }{
		{"an unknown metric", bed.SampleNamespace, "kafka_lag", "group%3Dflink-demo", "NotFound", "kafka_lag"},
		{"an unknown group", bed.SampleNamespace, lagMetric, "group%3Dnobody", "NotFound", "nobody"},
		{"an unknown cluster", bed.SampleNamespace, lagMetric, "group%3Dflink-demo%2Ccluster%3Dother", "NotFound", "other"},
		{"no group", bed.SampleNamespace, lagMetric, "cluster%3Dmain", "BadRequest", "group"},
		{"labels that no JobManager has", bed.SampleNamespace, busyMetric, "app%3Dnobody", "NotFound", "app=nobody"},
		{"a job of another namespace", "default", busyMetric, "app%3Dflink", "NotFound", "default"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, err := raw(t.Context(), test.namespace, test.metric, test.selector)
			if err == nil {
				t.Fatalf("the answer is %s", answer)
			}
			if !strings.Contains(answer, test.status) || !strings.Contains(answer, test.says) {
				t.Errorf("the error is %q; want %s and %q in it", answer, test.status, test.says)
			}
		})
	}
}
