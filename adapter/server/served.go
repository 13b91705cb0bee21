package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/klog/v2"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"k8s.io/utils/clock"
	external "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

const (
	// shownFor is how long the last answer to a question is shown. An HPA asks every 15 s, unless the controller manager's flag
	// --horizontal-pod-autoscaler-sync-period says otherwise.
	shownFor = 2 * time.Minute
	// maxShown and maxQuestion, in bytes, bound what askers can make of our memory and of what Prometheus stores. 17,000 jobs with two
	// metrics each fit in; a selector that names a long list of topics does not.
	maxShown    = 50_000
	maxQuestion = 1024
	// otherMetric stands for all names that no metric of ours has.
	otherMetric = "other"
)

// served counts and shows what the provider answers. It is a collector, and safe for concurrent use.
type served struct {
	external.ExternalMetricsProvider
	clock   clock.PassiveClock
	known   map[string]bool // names of metrics
	answers *prometheus.CounterVec
	leftOut prometheus.Counter

	value, refused *prometheus.Desc

	mu    sync.Mutex
	last  map[asked]answered
	swept time.Time
}

// asked is a question as an HPA puts it.
type asked struct{ metric, namespace, selector string }

// answered is the last answer to a question.
type answered struct {
	at    time.Time
	code  int
	value float64 // with code 200
}

var (
	_ external.ExternalMetricsProvider = (*served)(nil)
	_ prometheus.Collector             = (*served)(nil)
)

func newServed(provider external.ExternalMetricsProvider, clock clock.PassiveClock) *served {
	question := []string{"metric", "namespace", "selector"}
	s := &served{
		ExternalMetricsProvider: provider, clock: clock, known: map[string]bool{}, last: map[asked]answered{}, swept: clock.Now(),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "flink_hpa_answers_total", Help: "Answers to those who asked for a metric, by HTTP status code: 200 is a value.",
		}, []string{"metric", "code"}),
		leftOut: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "flink_hpa_answers_not_shown_total",
			Help: "Answers that neither flink_hpa_served_value nor flink_hpa_refused shows, as there are too many questions or one is too long.",
		}),
		value: prometheus.NewDesc("flink_hpa_served_value",
			"Value that was answered last, for two minutes. Absent when the last answer was a refusal.", question, nil),
		refused: prometheus.NewDesc("flink_hpa_refused",
			"1 when the last answer was a refusal, for two minutes, with its HTTP status code.", append(question, "code"), nil),
	}
	for _, info := range provider.ListAllExternalMetrics() {
		s.known[info.Metric] = true
		s.answers.WithLabelValues(info.Metric, strconv.Itoa(http.StatusOK)) // from 0 on
	}
	return s
}

// GetExternalMetric implements external.ExternalMetricsProvider.
func (s *served) GetExternalMetric(ctx context.Context, namespace string, selector labels.Selector, info external.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	list, err := s.ExternalMetricsProvider.GetExternalMetric(ctx, namespace, selector, info)
	answer := answered{at: s.clock.Now(), code: http.StatusOK}
	if err != nil {
		answer.code = codeOf(err)
	} else {
		answer.value = list.Items[0].Value.AsApproximateFloat64()
	}
	s.note(klog.FromContext(ctx), asked{info.Metric, namespace, selector.String()}, answer, err)
	return list, err
}

func codeOf(err error) int {
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return int(status.Status().Code)
	}
	return http.StatusInternalServerError
}

// note counts and keeps an answer, and logs when a question is refused that was not, or the other way round.
func (s *served) note(logger klog.Logger, question asked, answer answered, err error) {
	name := otherMetric
	if s.known[question.metric] {
		name = question.metric
	}
	s.answers.WithLabelValues(name, strconv.Itoa(answer.code)).Inc()
	logger = klog.LoggerWithValues(logger, "metric", question.metric, "namespace", question.namespace, "selector", question.selector)
	logger.V(4).Info("Answered", "code", answer.code, "value", answer.value)

	s.mu.Lock()
	defer s.mu.Unlock()
	if answer.at.Sub(s.swept) > shownFor {
		s.sweep(answer.at)
	}
	before, again := s.last[question]
	if !again && (len(s.last) >= maxShown || !question.fits()) {
		s.leftOut.Inc()
		return
	}
	s.last[question] = answer
	switch {
	case err != nil && before.code != answer.code:
		logger.V(1).Info("Refused", "code", answer.code, "reason", err.Error())
	case err == nil && again && before.code != answer.code:
		logger.V(1).Info("Answered again", "value", answer.value)
	}
}

// fits tells whether a question can stand in labels.
func (q asked) fits() bool {
	return len(q.metric)+len(q.namespace)+len(q.selector) <= maxQuestion && utf8.ValidString(fmt.Sprint(q))
}

// sweep drops what nobody has asked for lately.
func (s *served) sweep(now time.Time) {
	for question, answer := range s.last {
		if now.Sub(answer.at) > shownFor {
			delete(s.last, question)
		}
	}
	s.swept = now
}

// Describe implements prometheus.Collector.
func (s *served) Describe(descs chan<- *prometheus.Desc) {
	s.answers.Describe(descs)
	s.leftOut.Describe(descs)
	descs <- s.value
	descs <- s.refused
}

// Collect implements prometheus.Collector.
func (s *served) Collect(metrics chan<- prometheus.Metric) {
	s.answers.Collect(metrics)
	s.leftOut.Collect(metrics)
	for _, metric := range s.shown() {
		metrics <- metric
	}
}

// shown are the last answers as metrics. No answer waits for the one who collects them.
func (s *served) shown() []prometheus.Metric {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(s.clock.Now())
	shown := make([]prometheus.Metric, 0, len(s.last))
	for q, a := range s.last {
		if a.code == http.StatusOK {
			shown = append(shown, prometheus.MustNewConstMetric(s.value, prometheus.GaugeValue, a.value, q.metric, q.namespace, q.selector))
		} else {
			shown = append(shown, prometheus.MustNewConstMetric(s.refused, prometheus.GaugeValue, 1, q.metric, q.namespace, q.selector, strconv.Itoa(a.code)))
		}
	}
	return shown
}
