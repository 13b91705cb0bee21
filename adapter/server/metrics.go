package server

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/adapter/collect"
	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/internal/telemetry"
)

// ownMetrics are about the adapter itself, for Prometheus.
type ownMetrics struct {
	polls       *prometheus.HistogramVec
	requests    *prometheus.CounterVec
	errors      *prometheus.CounterVec
	connections *prometheus.GaugeVec
	groups      *prometheus.GaugeVec
	partitions  *prometheus.GaugeVec
	lost        *prometheus.GaugeVec

	flinkRequests *prometheus.CounterVec
	flinkErrors   *prometheus.CounterVec
	decisions     *prometheus.CounterVec
	keda          *prometheus.CounterVec

	reloadSuccessful prometheus.Gauge
	reloadTime       prometheus.Gauge
}

const (
	clusterLabel = "cluster"
	sourceLabel  = "source" // a loop's name: kafka/CLUSTER or flink
)

func newOwnMetrics(registry prometheus.Registerer) (*ownMetrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	m := &ownMetrics{
		polls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "flink_hpa_poll_duration_seconds", Help: "How long a round of polling took, of those that had something to poll.",
		}, []string{sourceLabel}),
		requests:    counter("flink_hpa_kafka_requests_total", "Requests sent to Kafka brokers, by Kafka's name for them.", clusterLabel, "request"),
		errors:      counter("flink_hpa_kafka_errors_total", "Requests to Kafka brokers without an answer, and errors in answers, by kind.", clusterLabel, "kind"),
		connections: gauge("flink_hpa_kafka_connections", "Open connections to Kafka brokers.", clusterLabel),
		groups:      gauge("flink_hpa_kafka_consumer_groups", "Consumer groups that the last round asked for.", clusterLabel),
		partitions:  gauge("flink_hpa_kafka_partitions", "Partitions that the last round asked for.", clusterLabel),
		lost: gauge("flink_hpa_kafka_lost_records",
			"Records between a group's committed offsets and the log start offsets: deleted before they were read. Absent where there are none.",
			clusterLabel, "group", "topic"),
		flinkRequests: counter("flink_hpa_flink_requests_total", "GETs sent to JobManagers, by kind.", "request"),
		flinkErrors:   counter("flink_hpa_flink_errors_total", "GETs to JobManagers without an answer that is of use, by kind.", "request"),
		decisions: counter("flink_hpa_decisions_total",
			"Changes of the number of TaskManagers that a job is said to need, or of its reasons, by each reason.", "reason"),
		keda: counter("flink_hpa_keda_requests_total", "Calls of KEDA that have ended, by method and gRPC's name for the code.", "method", "code"),
		reloadSuccessful: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "flink_hpa_config_last_reload_successful", Help: "Whether the configuration file was valid (1) or refused (0) when it was last read.",
		}),
		reloadTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "flink_hpa_config_last_reload_success_timestamp_seconds", Help: "When a changed configuration file was last found valid, as Unix time.",
		}),
	}
	for _, c := range []prometheus.Collector{m.polls, m.requests, m.errors, m.connections, m.groups, m.partitions, m.lost,
		m.flinkRequests, m.flinkErrors, m.decisions, m.keda, m.reloadSuccessful, m.reloadTime, telemetry.BuildInfo("adapter")} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	for _, reason := range desired.Codes() {
		m.decisions.WithLabelValues(string(reason)) // from 0 on
	}
	return m, nil
}

// reloaded is told whether the configuration file was valid.
func (m *ownMetrics) reloaded(at time.Time, valid bool) {
	if !valid {
		m.reloadSuccessful.Set(0)
		return
	}
	m.reloadSuccessful.Set(1)
	m.reloadTime.Set(float64(at.Unix()))
}

// forget drops all series of a Kafka cluster that is no more.
func (m *ownMetrics) forget(cluster string) {
	of := prometheus.Labels{clusterLabel: cluster}
	for _, series := range []interface{ DeletePartialMatch(prometheus.Labels) int }{m.requests, m.errors, m.connections, m.groups, m.partitions, m.lost} {
		series.DeletePartialMatch(of)
	}
	m.polls.DeleteLabelValues(kafkaName(cluster))
}

// loopMeter is a collect.Meter.
type loopMeter struct {
	name  string
	polls prometheus.Observer
}

var _ collect.Meter = loopMeter{}

func (m *ownMetrics) loop(name string) loopMeter {
	return loopMeter{name, m.polls.WithLabelValues(name)}
}

// Polled implements collect.Meter.
func (m loopMeter) Polled(took time.Duration) {
	m.polls.Observe(took.Seconds())
	klog.Background().V(2).Info("Polled", "source", m.name, "took", took)
}

// clusterMeter is the meter of one Kafka client and its loop. Once it has ended it hears nothing any more: by then the
// series are those of the cluster's next client, or gone.
type clusterMeter struct {
	*ownMetrics
	name string

	mu    sync.Mutex
	ended bool
	open  int // connections
}

var (
	_ kafka.Meter   = (*clusterMeter)(nil)
	_ collect.Meter = (*clusterMeter)(nil)
)

func (m *ownMetrics) cluster(name string) *clusterMeter {
	for _, kind := range kafka.Kinds() {
		m.errors.WithLabelValues(name, kind) // from 0 on: a rate sees the first error only then
	}
	m.connections.WithLabelValues(name)
	return &clusterMeter{ownMetrics: m, name: name}
}

// end takes what its client holds out of the cluster's series, or drops them all unless another client goes on with them.
func (m *clusterMeter) end(replaced bool) {
	m.tell(func() {
		m.ended = true
		if !replaced {
			m.forget(m.name)
			return
		}
		m.connections.WithLabelValues(m.name).Sub(float64(m.open))
		m.lost.DeletePartialMatch(prometheus.Labels{clusterLabel: m.name})
	})
}

func (m *clusterMeter) tell(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.ended {
		f()
	}
}

// Polled implements collect.Meter.
func (m *clusterMeter) Polled(took time.Duration) {
	m.tell(func() { m.loop(kafkaName(m.name)).Polled(took) })
}

// Requested implements kafka.Meter, as do the others.
func (m *clusterMeter) Requested(request string) {
	m.tell(func() { m.requests.WithLabelValues(m.name, request).Inc() })
}

func (m *clusterMeter) Failed(kind string) {
	m.tell(func() { m.errors.WithLabelValues(m.name, kind).Inc() })
}

func (m *clusterMeter) Connected(delta int) {
	m.tell(func() {
		m.open += delta
		m.connections.WithLabelValues(m.name).Add(float64(delta))
	})
}

func (m *clusterMeter) Tracked(groups, partitions int) {
	m.tell(func() {
		m.groups.WithLabelValues(m.name).Set(float64(groups))
		m.partitions.WithLabelValues(m.name).Set(float64(partitions))
	})
}

func (m *clusterMeter) Lost(group, topic string, records int64) {
	m.tell(func() {
		if records == 0 {
			m.lost.DeleteLabelValues(m.name, group, topic)
			return
		}
		m.lost.WithLabelValues(m.name, group, topic).Set(float64(records))
	})
}
