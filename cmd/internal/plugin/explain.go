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
	"sigs.k8s.io/yaml"
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

// explain writes why one HPA's number is what it is: the adapter's explanation of the desired number, and what ScalingRules say.
func (a asker) explain(ctx context.Context, question asked, out io.Writer) error {
	found, err := a.client.AutoscalingV2().HorizontalPodAutoscalers(question.namespace).Get(ctx, question.hpa, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the HPA: %w", err)
	}
	rules, err := a.rules(ctx, question.namespace)
	if err != nil {
		return err
	}
	h := seen(*found, rules)
	metric := h.desired()
	switch {
	case metric == nil && len(h.rules) == 0:
		return fmt.Errorf("HPA %s/%s goes neither by %s nor by a ScalingRule, which are what is explained; kubectl describe hpa shows what it goes by",
			h.Namespace, h.Name, desiredMetric)
	case metric == nil:
		return h.explainRules(question, out)
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

// explainRules writes the status of each rule.
func (h hpa) explainRules(question asked, out io.Writer) error {
	write := yaml.Marshal
	if question.json {
		write = func(object any) ([]byte, error) {
			text, err := json.MarshalIndent(object, "", "  ")
			return append(text, '\n'), err
		}
	}
	for _, rule := range h.rules {
		text, err := write(map[string]any{"scalingRule": rule.Name, "status": rule.Status})
		if err != nil {
			return fmt.Errorf("write the status of ScalingRule %s: %w", rule.Name, err)
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// desired is the metric that the adapter explains, if the HPA goes by it.
func (h hpa) desired() *autoscalingv2.ExternalMetricSource {
	for _, metric := range h.metrics {
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
