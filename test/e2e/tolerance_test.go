//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/IBM/sarama"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/clock"
	"sigs.k8s.io/yaml"

	"github.com/flink-hpa/flink-hpa/test/load"
)

const (
	toleranceName  = "tolerance" // namespace, topic and group of testdata/tolerance.yaml
	toleranceScale = "taskmanagers"
)

// A lag of eleven records at a target of one record each is, for the HPA, eleven desired TaskManagers.
func TestTheToleranceOfTheHPADoesNotStrandTheLastTaskManager(t *testing.T) {
	t.Parallel()
	elevenBehind(t, toleranceName)
	apply(t, "tolerance.yaml")
	eventually(t, 2*time.Minute, "the HPA sees that ten have eleven to do", func(ctx context.Context) error {
		hpa, err := toleranceHPA(ctx)
		if err != nil {
			return err
		}
		if hpa.Status.CurrentReplicas != 10 || len(hpa.Status.CurrentMetrics) != 1 || hpa.Status.CurrentMetrics[0].External == nil ||
			hpa.Status.CurrentMetrics[0].External.Current.AverageValue.MilliValue() != 1100 {
			return fmt.Errorf("its status is %+v", hpa.Status)
		}
		return nil
	})
	// Four looks of the HPA.
	always(t, 20*time.Second, "an HPA with the usual tolerance leaves it at ten", scaledTo(10))

	behavior := desiredBehavior(t)
	hpas := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(toleranceName)
	if err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		hpa, err := toleranceHPA(t.Context())
		if err != nil {
			return err
		}
		hpa.Spec.Behavior = behavior
		_, err = hpas.Update(t.Context(), hpa, metav1.UpdateOptions{})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, "with the behavior of the sample it gets the eleventh", scaledTo(11))
}

// elevenBehind leaves a group eleven records behind on the topic of its name, for good.
func elevenBehind(t *testing.T, name string) {
	t.Helper()
	client, err := load.Connect([]string{cluster.Kafka})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := load.CreateTopic(t.Context(), client, name, 1); err != nil {
		t.Fatal(err)
	}
	generator, err := load.NewGenerator(client, name, clock.RealClock{})
	if err != nil {
		t.Fatal(err)
	}
	if err := generator.Run(t.Context(), load.Step{From: 11, To: 11}, time.Second); err != nil {
		t.Fatal(err)
	}
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the group commits", func(context.Context) error {
		answer, err := admin.AlterConsumerGroupOffsets(name,
			map[string]map[int32]sarama.OffsetAndMetadata{name: {0: {Offset: 0, LeaderEpoch: -1}}}, nil)
		if err != nil {
			return err
		}
		if code := answer.Errors[name][0]; code != sarama.ErrNoError {
			return code
		}
		return nil
	})
}

// desiredBehavior is that of the HPA that users copy.
func desiredBehavior(t *testing.T) *autoscalingv2.HorizontalPodAutoscalerBehavior {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(cluster.root, "manifests", "samples", "hpa-desired", "hpa.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var hpa autoscalingv2.HorizontalPodAutoscaler
	if err := yaml.UnmarshalStrict(text, &hpa); err != nil {
		t.Fatal(err)
	}
	return hpa.Spec.Behavior
}

func toleranceHPA(ctx context.Context) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	return cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(toleranceName).Get(ctx, toleranceScale, metav1.GetOptions{})
}

// scaledTo is content when that many replicas are asked for, and the HPA's metric is valid.
func scaledTo(replicas int32) func(context.Context) error {
	return func(ctx context.Context) error {
		deployment, err := cluster.Client.AppsV1().Deployments(toleranceName).Get(ctx, toleranceScale, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if *deployment.Spec.Replicas != replicas {
			return fmt.Errorf("replicas are %d, not %d", *deployment.Spec.Replicas, replicas)
		}
		hpa, err := toleranceHPA(ctx)
		if err != nil {
			return err
		}
		for _, condition := range hpa.Status.Conditions {
			if condition.Type == autoscalingv2.ScalingActive && condition.Status == "True" {
				return nil
			}
		}
		return errors.New("the HPA is not active: " + fmt.Sprint(hpa.Status.Conditions))
	}
}
