package plugin

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

// asker asks a cluster.
type asker struct{ client kubernetes.Interface }

type hpa = autoscalingv2.HorizontalPodAutoscaler

// status writes a line for each HPA.
func (a asker) status(ctx context.Context, namespace string, out io.Writer) error {
	hpas, err := a.hpas(ctx, namespace)
	if err != nil {
		return err
	}
	everywhere := namespace == metav1.NamespaceAll
	if len(hpas) == 0 {
		where := "namespace " + namespace
		if everywhere {
			where = "any namespace"
		}
		_, err := fmt.Fprintf(out, "No HPA in %s goes by a metric of flink-hpa.\n", where)
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	columns := []string{"HPA", "TARGET", "REPLICAS", "WANTED", "MIN", "MAX", "METRICS", "WHY"}
	if everywhere {
		columns = append([]string{"NAMESPACE"}, columns...)
	}
	_, _ = fmt.Fprintln(table, strings.Join(columns, "\t")) // Flush has the error
	for _, h := range hpas {
		if everywhere {
			_, _ = fmt.Fprintf(table, "%s\t", h.Namespace)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s/%s\t%d\t%d\t%d\t%d\t%s\t%s\n", h.Name, strings.ToLower(h.Spec.ScaleTargetRef.Kind), h.Spec.ScaleTargetRef.Name,
			h.Status.CurrentReplicas, h.Status.DesiredReplicas, ptr.Deref(h.Spec.MinReplicas, 1), h.Spec.MaxReplicas, values(h), a.why(ctx, h))
	}
	return table.Flush()
}

// hpas are those that go by a metric of ours.
func (a asker) hpas(ctx context.Context, namespace string) ([]hpa, error) {
	list, err := a.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the HPAs: %w", err)
	}
	return slices.DeleteFunc(list.Items, func(h hpa) bool { return len(metricsOf(h)) == 0 }), nil
}

// isOurs tells a metric of ours by its name.
func isOurs(metric string) bool {
	return strings.HasPrefix(metric, "flink_") || strings.HasPrefix(metric, "kafka_consumergroup_")
}

// metricsOf are the metrics of ours that an HPA goes by.
func metricsOf(h hpa) []*autoscalingv2.ExternalMetricSource {
	var ours []*autoscalingv2.ExternalMetricSource
	for _, metric := range h.Spec.Metrics {
		if metric.External != nil && isOurs(metric.External.Metric.Name) {
			ours = append(ours, metric.External)
		}
	}
	return ours
}

// values are what the HPA saw last of each, beside what it aims at.
func values(h hpa) string {
	var told []string
	for _, metric := range metricsOf(h) {
		target, now := metric.Target.Value.String(), "?"
		if metric.Target.Type == autoscalingv2.AverageValueMetricType {
			target = metric.Target.AverageValue.String()
		}
		for _, seen := range h.Status.CurrentMetrics {
			if seen.External == nil || seen.External.Metric.Name != metric.Metric.Name {
				continue
			}
			switch current := seen.External.Current; {
			case current.AverageValue != nil:
				now = current.AverageValue.String()
			case current.Value != nil:
				now = current.Value.String()
			}
		}
		told = append(told, fmt.Sprintf("%s %s/%s", metric.Metric.Name, now, target))
	}
	return strings.Join(told, ", ")
}

// why is why the HPA does nothing, where it can't; else what decided on the desired number, where it goes by that; else what it
// says of its last decision.
func (a asker) why(ctx context.Context, h hpa) string {
	says := map[autoscalingv2.HorizontalPodAutoscalerConditionType]autoscalingv2.HorizontalPodAutoscalerCondition{}
	for _, condition := range h.Status.Conditions {
		says[condition.Type] = condition
	}
	for _, kind := range []autoscalingv2.HorizontalPodAutoscalerConditionType{autoscalingv2.AbleToScale, autoscalingv2.ScalingActive} {
		if condition, ok := says[kind]; ok && condition.Status == corev1.ConditionFalse {
			return condition.Message
		}
	}
	if metric := desiredOf(h); metric != nil {
		explanation, err := a.explanation(ctx, h.Namespace, metric)
		if err != nil {
			return err.Error()
		}
		return explanation.reasons()
	}
	if condition, ok := says[autoscalingv2.ScalingLimited]; ok && condition.Status == corev1.ConditionTrue {
		return condition.Message
	}
	return says[autoscalingv2.AbleToScale].Message
}
