// Package provider answers requests for external metrics: from a metric's name, a namespace and a selector to one value,
// read from memory. It is the only place that knows API errors.
//
// An answer holds exactly one item, since the HPA controller sums the items.
package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/external_metrics"
	metrics "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// Reader reads the newest sample of a key, from memory. *collect.Loop is one.
type Reader[K comparable, V any] interface {
	Read(ctx context.Context, key K) snapshot.Sample[V]
}

// Finder finds the one Flink cluster that a selector means, by its JobManagers. *flink.Discovery is one.
type Finder interface {
	Find(namespace string, selector labels.Selector) (flink.Cluster, error)
}

// value is a metric's value at a time.
type value struct {
	quantity resource.Quantity
	time     metav1.Time
}

// Provider serves the adapter's metrics. It is safe for concurrent use.
type Provider struct {
	namespaces  []string // that are served; none: all
	clusters    atomic.Pointer[[]KafkaCluster]
	jobManagers Finder
	jobs        atomic.Pointer[Reader[flink.Key, flink.Job]]
	rules       Rules

	metrics map[string]func(ctx context.Context, namespace string, selector labels.Selector) (value, error)
	names   []metrics.ExternalMetricInfo
}

var _ metrics.ExternalMetricsProvider = (*Provider)(nil)

// New returns a provider of all metrics that the adapter knows, to these namespaces; without any, to all. It knows no Kafka cluster, no
// job and no rule before SetKafkaClusters, SetJobs and SetRules.
func New(jobManagers Finder, namespaces ...string) *Provider {
	p := &Provider{jobManagers: jobManagers, namespaces: namespaces, rules: noRules{}}
	p.SetKafkaClusters(nil)
	p.metrics = map[string]func(context.Context, string, labels.Selector) (value, error){}
	for name, metric := range kafkaMetrics() {
		p.metrics[name] = func(ctx context.Context, namespace string, selector labels.Selector) (value, error) {
			q, err := p.ask(namespace, selector)
			if err != nil {
				return value{}, err
			}
			return metric(ctx, q)
		}
	}
	for name, metric := range flinkMetrics() {
		p.metrics[name] = func(ctx context.Context, namespace string, selector labels.Selector) (value, error) {
			return p.reading(ctx, namespace, selector, metric)
		}
	}
	for name := range p.metrics {
		p.names = append(p.names, metrics.ExternalMetricInfo{Metric: name})
	}
	slices.SortFunc(p.names, func(a, b metrics.ExternalMetricInfo) int { return strings.Compare(a.Metric, b.Metric) })
	return p
}

// SetKafkaClusters replaces the Kafka clusters. Requests under way keep those that they began with.
func (p *Provider) SetKafkaClusters(clusters []KafkaCluster) { p.clusters.Store(&clusters) }

// SetJobs replaces where jobs are read.
func (p *Provider) SetJobs(jobs Reader[flink.Key, flink.Job]) { p.jobs.Store(&jobs) }

// ListAllExternalMetrics names the metrics. It is asked often, by every kube-apiserver, so it is short and never changes.
func (p *Provider) ListAllExternalMetrics() []metrics.ExternalMetricInfo { return p.names }

// GetExternalMetric answers one request. The error is a bare *apierrors.StatusError: anything else would become a 500.
func (p *Provider) GetExternalMetric(ctx context.Context, namespace string, selector labels.Selector, info metrics.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	v, err := p.read(ctx, namespace, info.Metric, selector)
	if err != nil {
		return nil, status(err)
	}
	return &external_metrics.ExternalMetricValueList{Items: []external_metrics.ExternalMetricValue{{
		MetricName:   info.Metric,
		MetricLabels: asked(selector),
		Timestamp:    v.time,
		Value:        v.quantity,
	}}}, nil
}

// Ask has a question polled from now on, and tells why it has no answer yet. It doesn't wait for one, and what is neither a metric nor a
// rule will never have one.
func (p *Provider) Ask(namespace, metric string, selector labels.Selector) error {
	_, err := p.read(atOnce(), namespace, metric, selector)
	switch {
	case errors.Is(err, errUnknown):
		return nil
	case err == nil && !p.Serves(metric): // another replica may have found what the rule says
		return p.rules.Known(namespace, metric)
	}
	return err
}

// atOnce is the context of those who take what is there.
func atOnce() context.Context {
	ended, end := context.WithCancel(context.Background())
	end()
	return ended
}

// Serves tells whether there is a metric of that name.
func (p *Provider) Serves(metric string) bool { return p.metrics[metric] != nil }

// MayServe tells whether there could be one in some namespace: a metric, or a rule.
func (p *Provider) MayServe(metric string) bool { return p.Serves(metric) || ruleName(metric) }

func (p *Provider) read(ctx context.Context, namespace, metric string, selector labels.Selector) (value, error) {
	if err := p.admits(namespace); err != nil {
		return value{}, err
	}
	if read, ok := p.metrics[metric]; ok {
		return read(ctx, namespace, selector)
	}
	return p.rule(namespace, metric, selector)
}

func (p *Provider) admits(namespace string) error {
	if len(p.namespaces) > 0 && !slices.Contains(p.namespaces, namespace) {
		return fmt.Errorf("%w: namespace %q is not among those that the adapter serves; add it to its --namespaces", errForbidden, namespace)
	}
	return nil
}

// asked is the selector as labels, to show which question the value answers.
func asked(selector labels.Selector) map[string]string {
	requirements, _ := selector.Requirements()
	if len(requirements) == 0 {
		return nil
	}
	shown := make(map[string]string, len(requirements))
	for _, r := range requirements {
		shown[r.Key()] = strings.Join(r.Values().List(), ",")
	}
	return shown
}
