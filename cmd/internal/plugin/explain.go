package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const desiredMetric = "flink_desired_taskmanagers"

// explanation is what the plugin shows of the adapter's.
type explanation struct {
	Held     string `json:"held"`
	Decision struct {
		Reasons []struct {
			Text string `json:"text"`
		} `json:"reasons"`
	} `json:"decision"`
}

func (e explanation) reasons() string {
	var texts []string
	if e.Held != "" {
		texts = append(texts, "held: "+e.Held)
	}
	for _, reason := range e.Decision.Reasons {
		texts = append(texts, reason.Text)
	}
	return strings.Join(texts, "; ")
}

// explain writes the adapter's explanation for one HPA.
func (a asker) explain(ctx context.Context, question asked, out io.Writer) error {
	h, err := a.client.AutoscalingV2().HorizontalPodAutoscalers(question.namespace).Get(ctx, question.hpa, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the HPA: %w", err)
	}
	metric := desiredOf(*h)
	if metric == nil {
		return fmt.Errorf("HPA %s/%s doesn't go by %s, which alone is explained; kubectl describe hpa shows what it goes by", h.Namespace, h.Name, desiredMetric)
	}
	format := "text"
	if question.json {
		format = "json"
	}
	answer, err := a.ask(ctx, h.Namespace, metric, format, question.history)
	if err != nil {
		return err
	}
	_, err = out.Write(answer)
	return err
}

// desiredOf is the metric that can be explained, if the HPA goes by it.
func desiredOf(h hpa) *autoscalingv2.ExternalMetricSource {
	for _, metric := range metricsOf(h) {
		if metric.Metric.Name == desiredMetric {
			return metric
		}
	}
	return nil
}

func (a asker) explanation(ctx context.Context, namespace string, metric *autoscalingv2.ExternalMetricSource) (explanation, error) {
	answer, err := a.ask(ctx, namespace, metric, "json", false)
	if err != nil {
		return explanation{}, err
	}
	var told explanation
	if err := json.Unmarshal(answer, &told); err != nil {
		return explanation{}, fmt.Errorf("read the explanation: %w", err)
	}
	return told, nil
}

// ask asks for an explanation at the metric's own address, so that whoever may list the metric may have it.
func (a asker) ask(ctx context.Context, namespace string, metric *autoscalingv2.ExternalMetricSource, format string, history bool) ([]byte, error) {
	selector := labels.Everything()
	if metric.Metric.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(metric.Metric.Selector); err != nil {
			return nil, fmt.Errorf("the selector of %s: %w", metric.Metric.Name, err)
		}
	}
	request := a.client.CoreV1().RESTClient().Get().
		AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces", namespace, metric.Metric.Name).
		Param("labelSelector", selector.String()).Param("explain", format)
	if history {
		request = request.Param("history", "true")
	}
	result := request.Do(ctx)
	if err := result.Error(); err != nil { // it has the sentence, which Raw's may not
		return nil, fmt.Errorf("ask for the explanation: %w", err)
	}
	return result.Raw()
}
