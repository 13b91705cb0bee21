package keda

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"k8s.io/utils/clock"
	testingclock "k8s.io/utils/clock/testing"
	external "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// fakeMetrics answers each question with the same value or error, and remembers the last one.
type fakeMetrics struct {
	external.ExternalMetricsProvider // nil: nobody lists

	mu    sync.Mutex
	value float64
	err   error
	asked string
	count int
	held  chan struct{} // when there: each question says so, and waits for a second one
}

func (f *fakeMetrics) set(value float64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.value, f.err = value, err
}

func (f *fakeMetrics) times() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// last is the last question.
func (f *fakeMetrics) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *fakeMetrics) GetExternalMetric(_ context.Context, namespace string, selector labels.Selector, info external.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	if f.held != nil {
		f.held <- struct{}{}
		f.held <- struct{}{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked, f.count = namespace+"/"+info.Metric+"?"+selector.String(), f.count+1
	if f.err != nil {
		return nil, f.err
	}
	value := resource.NewMilliQuantity(int64(f.value*1000), resource.DecimalSI)
	return &external_metrics.ExternalMetricValueList{Items: []external_metrics.ExternalMetricValue{{MetricName: info.Metric, Value: *value}}}, nil
}

// refusal is an error as the provider makes it.
func refusal(code int32) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Message: sentence}}
}

const sentence = "what is wrong, and the way out"

// timers is a clock that tells when a timer has been made.
type timers struct {
	*testingclock.FakeClock
	made chan struct{}
}

func newTimers() *timers {
	return &timers{testingclock.NewFakeClock(time.Time{}), make(chan struct{}, 10)}
}

// NewTimer implements clock.Clock.
func (t *timers) NewTimer(d time.Duration) clock.Timer {
	timer := t.FakeClock.NewTimer(d)
	t.made <- struct{}{}
	return timer
}
