package demo

import (
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestBusyTarget(t *testing.T) {
	external := func(name string, target autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: name}, Target: target,
		}}
	}
	lag := external("kafka_consumergroup_lag_at_commit", autoscalingv2.MetricTarget{AverageValue: new(resource.MustParse("12000"))})
	busy := external(busyMetric, autoscalingv2.MetricTarget{Value: new(resource.MustParse("700m"))})
	for _, test := range []struct {
		name    string
		metrics []autoscalingv2.MetricSpec
		want    float64
	}{
		{"the sample has one, after its lag", []autoscalingv2.MetricSpec{lag, busy}, 0.7},
		{"an HPA on lag has none", []autoscalingv2.MetricSpec{lag}, 0},
		{"nor has one on CPU", []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			hpa := &autoscalingv2.HorizontalPodAutoscaler{Spec: autoscalingv2.HorizontalPodAutoscalerSpec{Metrics: test.metrics}}
			if got := busyTarget(hpa); got != test.want {
				t.Errorf("busyTarget = %v, want %v", got, test.want)
			}
		})
	}
}
