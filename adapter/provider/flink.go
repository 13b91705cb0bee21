package provider

import (
	"context"
	"errors"
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
)

// flinkMetric is what one metric is of a job, and what it takes to know it.
type flinkMetric struct {
	of    func(flink.Job) flink.Reading
	needs flink.Needs
	kafka kafkaUse
}

// kafkaUse says what a metric does with the Kafka cluster that a job reads.
type kafkaUse int

const (
	withoutKafka kafkaUse = iota
	betterWithKafka
	onlyWithKafka
)

// DesiredTaskManagers is the metric that Explain explains.
const DesiredTaskManagers = "flink_desired_taskmanagers"

// busyRatio is the metric whose vertex rules may ask for.
const busyRatio = "flink_busy_ratio"

func flinkMetrics() map[string]flinkMetric {
	const desired = flink.NeedSources | flink.NeedDesired | flink.NeedMemory // which its explanation tells too
	return map[string]flinkMetric{
		busyRatio:                                {func(j flink.Job) flink.Reading { return j.Busy }, flink.NeedNothing, withoutKafka},
		"flink_backpressured_ratio":              {func(j flink.Job) flink.Reading { return j.Backpressured }, flink.NeedNothing, withoutKafka},
		"flink_idle_ratio":                       {func(j flink.Job) flink.Reading { return j.Idle }, flink.NeedNothing, withoutKafka},
		"flink_taskmanagers":                     {func(j flink.Job) flink.Reading { return j.TaskManagers }, flink.NeedNothing, withoutKafka},
		"flink_slots":                            {func(j flink.Job) flink.Reading { return j.Slots }, flink.NeedNothing, withoutKafka},
		"flink_parallelism":                      {func(j flink.Job) flink.Reading { return j.Parallelism }, flink.NeedNothing, withoutKafka},
		"flink_restarts":                         {func(j flink.Job) flink.Reading { return j.Restarts }, flink.NeedNothing, withoutKafka},
		"flink_kafka_lag":                        {func(j flink.Job) flink.Reading { return j.KafkaLag }, flink.NeedSources, onlyWithKafka},
		"flink_pending_records":                  {func(j flink.Job) flink.Reading { return j.Pending }, flink.NeedSources, withoutKafka},
		"flink_records_in_per_second":            {func(j flink.Job) flink.Reading { return j.RecordsIn }, flink.NeedSources, withoutKafka},
		"flink_event_time_lag_seconds":           {func(j flink.Job) flink.Reading { return j.EventLag }, flink.NeedSources, withoutKafka},
		"flink_heap_used_ratio":                  {func(j flink.Job) flink.Reading { return j.HeapUsed }, flink.NeedTaskManagers, withoutKafka},
		"flink_gc_time_ratio":                    {func(j flink.Job) flink.Reading { return j.GCTime }, flink.NeedTaskManagers, withoutKafka},
		"flink_cpu_load":                         {func(j flink.Job) flink.Reading { return j.CPULoad }, flink.NeedTaskManagers, withoutKafka},
		"flink_desired_taskmanager_memory_bytes": {func(j flink.Job) flink.Reading { return j.Memory }, flink.NeedMemory, withoutKafka},
		DesiredTaskManagers:                      {func(j flink.Job) flink.Reading { return j.Desired }, desired, betterWithKafka},
	}
}

// reading reads one metric of the job whose JobManager is selected.
func (p *Provider) reading(ctx context.Context, namespace string, selector labels.Selector, metric flinkMetric) (value, error) {
	_, r, err := p.job(ctx, namespace, selector, metric)
	if err != nil {
		return value{}, err
	}
	return value{milli(r.Value), metav1.NewTime(r.Time)}, nil
}

// Explain says why flink_desired_taskmanagers is what it is now, for the same namespace and selector, and with history by which changes it
// came there. The error is a bare *apierrors.StatusError, the one that the metric has.
func (p *Provider) Explain(ctx context.Context, namespace string, selector labels.Selector, history bool) (flink.Explanation, error) {
	if err := p.admits(namespace); err != nil {
		return flink.Explanation{}, status(err)
	}
	job, _, err := p.job(ctx, namespace, selector, flinkMetrics()[DesiredTaskManagers])
	if err != nil {
		return flink.Explanation{}, status(err)
	}
	explanation := job.Explanation
	switch {
	case !history:
		explanation.History = nil
	case explanation.History == nil:
		explanation.History = []flink.Change{}
	}
	return explanation, nil
}

// FlinkCluster is the one that a selector of a Flink metric means.
func (p *Provider) FlinkCluster(namespace string, selector labels.Selector) (flink.Cluster, error) {
	query, err := parseJobQuery(selector)
	if err != nil {
		return flink.Cluster{}, err
	}
	return p.jobManagers.Find(namespace, query.jobManagers)
}

// job reads the job of the one Flink cluster that the selector means, and of that the metric, which has no error then.
func (p *Provider) job(ctx context.Context, namespace string, selector labels.Selector, metric flinkMetric) (flink.Job, flink.Reading, error) {
	query, err := parseJobQuery(selector)
	if err != nil {
		return flink.Job{}, flink.Reading{}, err
	}
	key := flink.Key{Needs: metric.needs}
	if metric.kafka != withoutKafka {
		if key.Kafka, err = p.kafkaOf(namespace, query.kafka, metric.kafka); err != nil {
			return flink.Job{}, flink.Reading{}, err
		}
	}
	if key.Cluster, err = p.jobManagers.Find(namespace, query.jobManagers); err != nil {
		return flink.Job{}, flink.Reading{}, err
	}
	sample := (*p.jobs.Load()).Read(ctx, key)
	reading := metric.of(sample.Value)
	if err := errors.Join(sample.Err, reading.Err); err != nil {
		return flink.Job{}, flink.Reading{}, fmt.Errorf("%s: %w", key.Cluster, err)
	}
	return sample.Value, reading, nil
}

// kafkaOf is the Kafka cluster that a job is taken to read: the one that is named, else the only one.
func (p *Provider) kafkaOf(namespace, name string, use kafkaUse) (string, error) {
	cluster, err := p.cluster(namespace, name, kafkaClusterLabel)
	if err != nil && name == "" && use == betterWithKafka {
		return "", nil
	}
	return cluster.Name, err
}

// milli is a number to three decimals.
func milli(number float64) resource.Quantity {
	return *resource.NewMilliQuantity(int64(math.Round(number*1000)), resource.DecimalSI)
}
