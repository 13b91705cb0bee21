package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"
	"k8s.io/metrics/pkg/apis/external_metrics"
	clocktesting "k8s.io/utils/clock/testing"
	external "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// answering is a provider of two metrics whose answer is the test's.
type answering struct {
	value string
	err   error
}

func (a *answering) ListAllExternalMetrics() []external.ExternalMetricInfo {
	return []external.ExternalMetricInfo{{Metric: "flink_busy_ratio"}, {Metric: "kafka_consumergroup_lag"}}
}

func (a *answering) GetExternalMetric(context.Context, string, labels.Selector, external.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	if a.err != nil {
		return nil, a.err
	}
	return &external_metrics.ExternalMetricValueList{Items: []external_metrics.ExternalMetricValue{{Value: resource.MustParse(a.value)}}}, nil
}

// servedBed is a served provider and those who ask it.
type servedBed struct {
	*served
	t        *testing.T
	clock    *clocktesting.FakePassiveClock
	registry *prometheus.Registry
	provider answering
	ctx      context.Context
}

func newServedBed(t *testing.T) *servedBed {
	b := &servedBed{t: t, clock: clocktesting.NewFakePassiveClock(time.Unix(1_000_000, 0)), registry: prometheus.NewPedanticRegistry(), ctx: t.Context()}
	b.served = newServed(&b.provider, b.clock)
	b.registry.MustRegister(b.served)
	return b
}

// ask has the provider answer with a value or an error.
func (b *servedBed) ask(metric, namespace, selector, value string, err error) {
	b.t.Helper()
	parsed, wrong := labels.Parse(selector)
	if wrong != nil {
		b.t.Fatal(wrong)
	}
	b.provider.value, b.provider.err = value, err
	list, got := b.GetExternalMetric(b.ctx, namespace, parsed, external.ExternalMetricInfo{Metric: metric})
	if !errors.Is(got, err) || err == nil && list.Items[0].Value.String() != value {
		b.t.Errorf("the answer is changed on its way: %v, %v", list, got)
	}
}

func TestWhatIsServedIsShown(t *testing.T) {
	unavailable, missing := apierrors.NewServiceUnavailable("no answer in time"), apierrors.NewNotFound(external_metrics.Resource("x"), "x")
	b := newServedBed(t)
	shows := func(step, want string) {
		t.Helper()
		t.Log(step)
		wantMetrics(t, b.registry, want, "flink_hpa_served_value", "flink_hpa_refused")
	}
	shows("nothing before anybody asked", "")

	b.ask("flink_busy_ratio", "shop", "component=jobmanager,app=orders", "704m", nil)
	b.ask("kafka_consumergroup_lag", "shop", "group=orders", "12k", nil)
	b.ask("kafka_consumergroup_lag", "shop", "group=idle", "0", nil)
	b.ask("kafka_consumergroup_lag", "crm", "group=orders", "", unavailable)
	shows("each question apart, a true 0 too, and no 0 for a refusal", `
		flink_hpa_refused{code="503",metric="kafka_consumergroup_lag",namespace="crm",selector="group=orders"} 1
		flink_hpa_served_value{metric="flink_busy_ratio",namespace="shop",selector="app=orders,component=jobmanager"} 0.704
		flink_hpa_served_value{metric="kafka_consumergroup_lag",namespace="shop",selector="group=idle"} 0
		flink_hpa_served_value{metric="kafka_consumergroup_lag",namespace="shop",selector="group=orders"} 12000`)

	b.clock.SetTime(b.clock.Now().Add(shownFor - time.Second))
	b.ask("flink_busy_ratio", "shop", "app=orders,component=jobmanager", "", missing)
	b.ask("kafka_consumergroup_lag", "crm", "group=orders", "7", nil)
	b.clock.SetTime(b.clock.Now().Add(2 * time.Second))
	shows("the last answer alone, and only while somebody asks", `
		flink_hpa_refused{code="404",metric="flink_busy_ratio",namespace="shop",selector="app=orders,component=jobmanager"} 1
		flink_hpa_served_value{metric="kafka_consumergroup_lag",namespace="crm",selector="group=orders"} 7`)

	b.ask("no_such_metric", "shop", "", "", missing)
	wantMetrics(t, b.registry, `
		flink_hpa_answers_total{code="200",metric="flink_busy_ratio"} 1
		flink_hpa_answers_total{code="404",metric="flink_busy_ratio"} 1
		flink_hpa_answers_total{code="200",metric="kafka_consumergroup_lag"} 3
		flink_hpa_answers_total{code="503",metric="kafka_consumergroup_lag"} 1
		flink_hpa_answers_total{code="404",metric="other"} 1`, "flink_hpa_answers_total")
	problems, err := testutil.GatherAndLint(b.registry)
	if err != nil || len(problems) != 0 {
		t.Errorf("Prometheus' own rules: %v, %v", problems, err)
	}
}

func TestAskersCantMakeSeriesWithoutEnd(t *testing.T) {
	b := newServedBed(t)
	b.ask("flink_busy_ratio", "shop", "app in ("+strings.Repeat("a", 60)+strings.Repeat(",b"+strings.Repeat("c", 60), 20)+")", "1", nil)
	b.ask("no\xffmetric", "shop", "", "1", nil)
	if got := testutil.ToFloat64(b.leftOut); got != 1 { // the values of a selector are a set
		t.Errorf("%v answers are left out, want the one that is no text", got)
	}
	names := make([]string, 20)
	for i := range names {
		names[i] = fmt.Sprintf("%063d", i)
	}
	b.ask("flink_busy_ratio", "shop", "app in ("+strings.Join(names, ",")+")", "1", nil)
	for i := range maxShown {
		b.ask("flink_busy_ratio", "shop", fmt.Sprintf("app=a%d", i), "1", nil)
	}
	if n := len(b.shown()); n != maxShown {
		t.Errorf("%d questions are shown, want %d", n, maxShown)
	}
	if got := testutil.ToFloat64(b.leftOut); got != 3 { // one place was taken before
		t.Errorf("%v answers are left out, want 3", got)
	}
	b.clock.SetTime(b.clock.Now().Add(shownFor + 1))
	b.ask("flink_busy_ratio", "shop", "app=new", "1", nil)
	if n := len(b.last); n != 1 {
		t.Errorf("%d questions are kept though one is asked, and nobody scrapes", n)
	}
}

func TestARefusalIsLoggedWhenItBeginsAndEnds(t *testing.T) {
	b := newServedBed(t)
	logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true), ktesting.Verbosity(1)))
	b.ctx = klog.NewContext(t.Context(), logger)
	for _, err := range []error{nil, nil, apierrors.NewServiceUnavailable("it settles"), apierrors.NewServiceUnavailable("it settles"), nil, nil} {
		b.ask("flink_busy_ratio", "shop", "app=orders", "1", err)
	}
	var got []string
	for _, entry := range logger.GetSink().(ktesting.Underlier).GetBuffer().Data() {
		got = append(got, entry.Message)
	}
	if strings.Join(got, ", ") != "Refused, Answered again" {
		t.Errorf("logged %q", got)
	}
}

// BenchmarkScrape is what a scrape costs with as many questions as 17,000 jobs ask.
func BenchmarkScrape(b *testing.B) {
	provider := &answering{value: "704m"}
	clock := clocktesting.NewFakePassiveClock(time.Unix(1_000_000, 0))
	s := newServed(provider, clock)
	for i := range 17_000 {
		selector := labels.SelectorFromSet(labels.Set{"app": fmt.Sprintf("orders-%d", i), "component": "jobmanager"})
		if _, err := s.GetExternalMetric(b.Context(), "shop", selector, external.ExternalMetricInfo{Metric: "flink_busy_ratio"}); err != nil {
			b.Fatal(err)
		}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(s)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
