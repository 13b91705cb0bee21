package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
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
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("read the HPA: %w; a ScalingRule is explained as scalingrule/%s", err, question.hpa)
	} else if err != nil {
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
		return writeRules(h.rules, question, out)
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

// explainRule writes what one ScalingRule says.
func (a asker) explainRule(ctx context.Context, question asked, out io.Writer) error {
	result := a.client.CoreV1().RESTClient().Get().
		AbsPath("/apis", v1alpha1.GroupVersion().String(), "namespaces", question.namespace, v1alpha1.Resource, question.rule).Do(ctx)
	if err := result.Error(); err != nil {
		return fmt.Errorf("read the ScalingRule: %w", err)
	}
	answer, err := result.Raw()
	if err != nil {
		return fmt.Errorf("read the ScalingRule: %w", err)
	}
	var rule v1alpha1.ScalingRule
	if err := json.Unmarshal(answer, &rule); err != nil {
		return fmt.Errorf("read the ScalingRule: %w", err)
	}
	return writeRules([]*v1alpha1.ScalingRule{&rule}, question, out)
}

// writeRules writes what each rule says: in words, or as JSON its status.
func writeRules(rules []*v1alpha1.ScalingRule, question asked, out io.Writer) error {
	if question.history {
		return errors.New("--history: ScalingRules have none; their changes are Events ScalingRuleChanged on the HPAs, which kubectl describe hpa shows")
	}
	for i, rule := range rules {
		text := inWords(*rule, time.Now())
		if question.json {
			status, err := json.MarshalIndent(map[string]any{"scalingRule": rule.Name, "status": rule.Status}, "", "  ")
			if err != nil {
				return fmt.Errorf("write the status of ScalingRule %s: %w", rule.Name, err)
			}
			text = string(status) + "\n"
		} else if i > 0 {
			text = "\n" + text
		}
		if _, err := io.WriteString(out, text); err != nil {
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
