package provider

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/flink-hpa/flink-hpa/adapter/rule"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// maxNamed is how many rules an error names.
const maxNamed = 20

// Rules knows what ScalingRules say, in memory. *rules.Rules is one.
type Rules interface {
	// Value is the newest sample of a rule; ok is false when there is no such rule.
	Value(namespace, name string) (sample snapshot.Sample[int32], ok bool)
	// Known is why this replica could not find the value itself now; nil: it could. It is asked of rules that have one.
	Known(namespace, name string) error
	// Names lists the rules of a namespace, sorted.
	Names(namespace string) []string
}

// noRules is where none are read.
type noRules struct{}

func (noRules) Value(string, string) (snapshot.Sample[int32], bool) {
	return snapshot.Sample[int32]{}, false
}
func (noRules) Known(string, string) error { return nil }
func (noRules) Names(string) []string      { return nil }

// SetRules says where rules are read. It is for before the first request.
func (p *Provider) SetRules(rules Rules) { p.rules = rules }

// ruleName tells whether a rule could have that name. None of our own metrics is one: their names have underscores.
func ruleName(name string) bool { return len(validation.IsDNS1123Subdomain(name)) == 0 }

// rule reads what a rule of the namespace says.
func (p *Provider) rule(namespace, name string, selector labels.Selector) (value, error) {
	sample, ok := snapshot.Sample[int32]{}, false
	if ruleName(name) {
		sample, ok = p.rules.Value(namespace, name)
	}
	switch {
	case !ok:
		return value{}, p.unknownMetric(namespace, name)
	case !selector.Empty():
		return value{}, fmt.Errorf("%w: ScalingRule %s/%s has no labels to select by; leave the selector out", errSelector, namespace, name)
	case sample.Err != nil:
		// As text: the rule is there, and admitted, whatever is wrong with what it needs.
		return value{}, fmt.Errorf("ScalingRule %s/%s: %s", namespace, name, sample.Err.Error())
	}
	return value{*resource.NewQuantity(int64(sample.Value), resource.DecimalSI), metav1.NewTime(sample.Time)}, nil
}

// Peek reads for a rule in a namespace what an HPA there would be answered, without waiting, and has it polled from now on. A rule is no answer.
func (p *Provider) Peek(namespace string, question rule.Question) snapshot.Sample[any] {
	if question.Vertex {
		return p.busiest(namespace, question.Selector)
	}
	v, err := p.peek(namespace, question)
	if err != nil {
		return snapshot.Fail[any](err)
	}
	return snapshot.Sample[any]{Value: v.quantity.AsApproximateFloat64(), Time: v.time.Time}
}

// busiest is the name of the vertex whose busy ratio is the job's, while that has a value.
func (p *Provider) busiest(namespace string, selector labels.Selector) snapshot.Sample[any] {
	if err := p.admits(namespace); err != nil {
		return snapshot.Fail[any](err)
	}
	job, ratio, err := p.job(atOnce(), namespace, selector, flinkMetrics()[busyRatio])
	if err != nil {
		return snapshot.Fail[any](err)
	}
	return snapshot.Sample[any]{Value: job.Busiest, Time: ratio.Time}
}

func (p *Provider) peek(namespace string, question rule.Question) (value, error) {
	if err := p.admits(namespace); err != nil {
		return value{}, err
	}
	if question.Kafka != nil {
		metric, ok := kafkaMetrics()[question.Metric]
		if !ok {
			return value{}, p.unknownMetric(namespace, question.Metric)
		}
		q, err := p.named(namespace, *question.Kafka)
		if err != nil {
			return value{}, err
		}
		return metric(atOnce(), q)
	}
	read, ok := p.metrics[question.Metric]
	if !ok {
		return value{}, p.unknownMetric(namespace, question.Metric)
	}
	return read(atOnce(), namespace, question.Selector)
}
