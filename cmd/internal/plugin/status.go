package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

// asker asks a cluster.
type asker struct{ client kubernetes.Interface }

// hpa is one that goes by metrics of ours.
type hpa struct {
	autoscalingv2.HorizontalPodAutoscaler
	metrics []*autoscalingv2.ExternalMetricSource // of ours
	rules   []*v1alpha1.ScalingRule               // whose names are among them
}

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
			h.Status.CurrentReplicas, h.Status.DesiredReplicas, ptr.Deref(h.Spec.MinReplicas, 1), h.Spec.MaxReplicas, h.values(), a.why(ctx, h))
	}
	return table.Flush()
}

// hpas are those that go by a metric of ours.
func (a asker) hpas(ctx context.Context, namespace string) ([]hpa, error) {
	list, err := a.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the HPAs: %w", err)
	}
	rules, err := a.rules(ctx, namespace)
	if err != nil {
		return nil, err
	}
	var ours []hpa
	for _, found := range list.Items {
		if h := seen(found, rules); len(h.metrics) > 0 {
			ours = append(ours, h)
		}
	}
	return ours, nil
}

// seen is the HPA with what is ours of its metrics.
func seen(found autoscalingv2.HorizontalPodAutoscaler, rules []v1alpha1.ScalingRule) hpa {
	h := hpa{HorizontalPodAutoscaler: found}
	for _, metric := range found.Spec.Metrics {
		if metric.External == nil {
			continue
		}
		name := metric.External.Metric.Name
		at := slices.IndexFunc(rules, func(r v1alpha1.ScalingRule) bool { return r.Namespace == found.Namespace && r.Name == name })
		if at >= 0 {
			h.rules = append(h.rules, &rules[at])
		}
		if at >= 0 || strings.HasPrefix(name, "flink_") || strings.HasPrefix(name, "kafka_consumergroup_") {
			h.metrics = append(h.metrics, metric.External)
		}
	}
	return h
}

// rules are the ScalingRules; none where the cluster doesn't know what these are, or doesn't show them to whoever asks.
func (a asker) rules(ctx context.Context, namespace string) ([]v1alpha1.ScalingRule, error) {
	path := "/apis/" + v1alpha1.GroupVersion().String()
	if namespace != metav1.NamespaceAll {
		path += "/namespaces/" + namespace
	}
	answer, err := a.client.CoreV1().RESTClient().Get().AbsPath(path, v1alpha1.Resource).Do(ctx).Raw()
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("list the ScalingRules: %w", err)
	}
	var list v1alpha1.ScalingRuleList
	if err := json.Unmarshal(answer, &list); err != nil {
		return nil, fmt.Errorf("read the ScalingRules: %w", err)
	}
	return list.Items, nil
}

// values are what the HPA saw last of each, beside what it aims at.
func (h hpa) values() string {
	var told []string
	for _, metric := range h.metrics {
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

// why is why the HPA does nothing, where it can't; else what decided on the desired number or on a ScalingRule's, where it goes by that;
// else what it says of its last decision.
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
	if metric := h.desired(); metric != nil {
		explanation, err := a.explanation(ctx, h.Namespace, metric)
		if err != nil {
			return err.Error()
		}
		return explanation.reasons()
	}
	if len(h.rules) > 0 {
		return h.ruled()
	}
	if condition, ok := says[autoscalingv2.ScalingLimited]; ok && condition.Status == corev1.ConditionTrue {
		return condition.Message
	}
	return says[autoscalingv2.AbleToScale].Message
}

// ruled is what ScalingRules say of their numbers.
func (h hpa) ruled() string {
	var told []string
	for _, rule := range h.rules {
		for _, text := range []string{rule.Status.Reason, rule.Status.Error} {
			if text != "" {
				told = append(told, text)
			}
		}
	}
	return strings.Join(told, "; ")
}
