// Package provider answers requests for external metrics: from a metric's name, a namespace and a selector to one value,
// read from memory. It is the only place that knows API errors.
//
// An answer holds exactly one item, since the HPA controller sums the items.
package provider

import (
	"context"
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

	metrics map[string]func(ctx context.Context, namespace string, selector labels.Selector) (value, error)
	names   []metrics.ExternalMetricInfo
}

var _ metrics.ExternalMetricsProvider = (*Provider)(nil)

// New returns a provider of all metrics that the adapter knows, to these namespaces; without any, to all. It knows no Kafka cluster and
// no job before SetKafkaClusters and SetJobs.
func New(jobManagers Finder, namespaces ...string) *Provider {
	p := &Provider{jobManagers: jobManagers, namespaces: namespaces}
	p.SetKafkaClusters(nil)
	p.metrics = map[string]func(context.Context, string, labels.Selector) (value, error){
		"kafka_consumergroup_lag":           p.consumerGroupLag,
		"kafka_consumergroup_lag_at_commit": p.consumerGroupLagAtCommit,
		"kafka_consumergroup_lag_max":       p.consumerGroupLagMax,
		"kafka_consumergroup_lag_seconds":   p.consumerGroupLagSeconds,
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

// Ask has a question polled from now on, and tells why it has no answer yet. It doesn't wait for one.
func (p *Provider) Ask(namespace, metric string, selector labels.Selector) error {
	ended, end := context.WithCancel(context.Background())
	end() // whoever reads with an ended context takes what is there
	_, err := p.read(ended, namespace, metric, selector)
	return err
}

// Serves tells whether there is a metric of that name.
func (p *Provider) Serves(metric string) bool { return p.metrics[metric] != nil }

func (p *Provider) read(ctx context.Context, namespace, metric string, selector labels.Selector) (value, error) {
	if err := p.admits(namespace); err != nil {
		return value{}, err
	}
	read, ok := p.metrics[metric]
	if !ok {
		return value{}, p.unknownMetric(metric)
	}
	return read(ctx, namespace, selector)
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
