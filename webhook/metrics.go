package webhook

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flink-hpa/flink-hpa/internal/telemetry"
)

// Metrics are the webhook's own. Safe for concurrent use.
type Metrics struct {
	admissions *prometheus.CounterVec   // pods, by result and role
	duration   *prometheus.HistogramVec // seconds, by path
	warnings   *prometheus.CounterVec   // by path
	panics     *prometheus.CounterVec   // by path
	reads      *prometheus.CounterVec   // by result
	reloaded   prometheus.Gauge         // 1 or 0
	reloadedAt prometheus.Gauge         // seconds since 1970
}

// Results of a pod's admission.
const (
	injected  = "injected"
	unchanged = "unchanged"
	failed    = "error"
)

// Where AdmissionReviews of pods come, and of what makes pods.
const (
	mutatePath   = "/mutate"
	validatePath = "/validate"
)

// noRole is the role of a pod that doesn't run Flink, or that could not be read.
const noRole = "none"

// NewMetrics makes the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "flink_hpa_webhook_" + name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "flink_hpa_webhook_" + name, Help: help})
	}
	m := &Metrics{
		admissions: counter("admissions_total", "Admissions of pods, dry runs and repeated ones too: injected into, unchanged, or unchanged because of an error.", "result", "role"),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "flink_hpa_webhook_admission_duration_seconds", Help: "Time that an answer took, reads of ConfigMaps and Secrets included.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3},
		}, []string{"path"}),
		warnings:   counter("warnings_total", "Warnings that were sent to authors of pods and workloads.", "path"),
		panics:     counter("panics_total", "Answers that went wrong in our own code, and allowed the object as it was.", "path"),
		reads:      counter("object_reads_total", "Reads of ConfigMaps and Secrets that pods take settings from: read, missing, forbidden or failed.", "result"),
		reloaded:   gauge("profiles_last_reload_successful", "1 when the profiles in force are those of the file; 0 when the file is refused and the older ones stay."),
		reloadedAt: gauge("profiles_last_reload_success_timestamp_seconds", "When the profiles in force were read."),
	}
	registry.MustRegister(m.admissions, m.duration, m.warnings, m.panics, m.reads, m.reloaded, m.reloadedAt, telemetry.BuildInfo("webhook"))
	m.start()
	return m
}

// start has errors begin at 0: a rate sees the first one only then.
func (m *Metrics) start() {
	m.admissions.WithLabelValues(failed, noRole)
	for _, path := range []string{mutatePath, validatePath} {
		m.panics.WithLabelValues(path)
	}
}

// admitted counts a pod.
func (m *Metrics) admitted(result string, role Role) {
	m.admissions.WithLabelValues(result, cmp.Or(string(role), noRole)).Inc()
}

// profilesTaken notes that those of the file are in force, and since when.
func (m *Metrics) profilesTaken(at time.Time) {
	m.reloaded.Set(1)
	m.reloadedAt.Set(float64(at.UnixMilli()) / 1000)
}

func (m *Metrics) profilesRefused() { m.reloaded.Set(0) }
