//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/ptr"
)

const (
	crowd     = 500
	crowdName = "crowd" // namespace in testdata/crowd.yaml
	// atATime is how many of them are made at once.
	atATime = 8
)

func TestWhenFiveHundredHPAsAskAtOnceEachGetsItsReplicas(t *testing.T) {
	elevenBehind(t, crowdName)
	apply(t, "crowd.yaml")
	client, err := dynamic.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	scalables := client.Resource(schema.GroupVersionResource{Group: "test.flink-hpa.dev", Version: "v1", Resource: "scalables"}).Namespace(crowdName)
	eventually(t, time.Minute, "what is scaled can be made", func(ctx context.Context) error {
		_, err := scalables.List(ctx, metav1.ListOptions{})
		return err
	})
	began := time.Now()
	making, ctx := errgroup.WithContext(t.Context())
	making.SetLimit(atATime)
	for i := range crowd {
		making.Go(func() error {
			name := fmt.Sprintf("crowd-%d", i)
			if _, err := scalables.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "test.flink-hpa.dev/v1", "kind": "Scalable", "metadata": map[string]any{"name": name},
				"spec": map[string]any{"replicas": int64(1)}, "status": map[string]any{"selector": "app=" + name},
			}}, metav1.CreateOptions{}); err != nil {
				return err
			}
			_, err := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(crowdName).Create(ctx, crowdHPA(name), metav1.CreateOptions{})
			return err
		})
	}
	if err := making.Wait(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Minute, "each has the eleven replicas that its lag calls for", func(ctx context.Context) error {
		scaled, err := scalables.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		right, silent := 0, 0
		for _, one := range scaled.Items {
			switch replicas, _, err := unstructured.NestedInt64(one.Object, "spec", "replicas"); {
			case err != nil:
				return err
			case replicas > 11:
				t.Fatalf("%s has %d replicas", one.GetName(), replicas)
			case replicas == 11:
				right++
			}
		}
		hpas, err := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(crowdName).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, hpa := range hpas.Items {
			for _, condition := range hpa.Status.Conditions {
				if condition.Type == autoscalingv2.ScalingActive && condition.Status == corev1.ConditionFalse {
					silent++
				}
			}
		}
		if right != crowd || silent != 0 {
			return fmt.Errorf("%d of %d have them; %d HPAs have no metric", right, crowd, silent)
		}
		return nil
	})
	t.Logf("%d HPAs have their replicas after %s", crowd, time.Since(began).Round(time.Second))
}

func crowdHPA(name string) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "test.flink-hpa.dev/v1", Kind: "Scalable", Name: name},
			MaxReplicas:    20,
			Metrics:        []autoscalingv2.MetricSpec{external(lagMetric, map[string]string{"group": crowdName}, perReplica("1"))},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: &autoscalingv2.HPAScalingRules{
				StabilizationWindowSeconds: ptr.To[int32](0),
				Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 20, PeriodSeconds: 15}},
			}},
		},
	}
}
