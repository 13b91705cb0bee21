package server

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
)

func newTestMetrics(t *testing.T) (*ownMetrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	own, err := newOwnMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	return own, registry
}

// wantMetrics compares the metrics named, without their help texts.
func wantMetrics(t *testing.T, registry *prometheus.Registry, want string, names ...string) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	help := map[string]string{}
	for _, family := range families {
		help[family.GetName()] = "# HELP " + family.GetName() + " " + family.GetHelp() + "\n# TYPE " + family.GetName() + " " + strings.ToLower(family.GetType().String()) + "\n"
	}
	var text strings.Builder
	last := ""
	for line := range strings.Lines(want) {
		line = strings.TrimSpace(line)
		if name, _, _ := strings.Cut(line, "{"); line != "" && name != last {
			text.WriteString(help[name])
			last = name
		}
		text.WriteString(line + "\n")
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(text.String()), names...); err != nil {
		t.Error(err)
	}
}

func TestWhatAClusterMeterHears(t *testing.T) {
	own, registry := newTestMetrics(t)
	meter := own.cluster("main")
	names := []string{"flink_hpa_kafka_requests_total", "flink_hpa_kafka_connections", "flink_hpa_kafka_consumer_groups", "flink_hpa_kafka_partitions", "flink_hpa_kafka_lost_records"}
	wantMetrics(t, registry, `flink_hpa_kafka_connections{cluster="main"} 0`, names...)
	if n, _ := testutil.GatherAndCount(registry, "flink_hpa_kafka_errors_total"); n != len(kafka.Kinds()) {
		t.Errorf("%d kinds of error start at 0, want %d", n, len(kafka.Kinds()))
	}
	meter.Requested("OffsetFetch")
	meter.Requested("OffsetFetch")
	meter.Requested("ListOffsets")
	meter.Connected(+1)
	meter.Connected(+1)
	meter.Connected(-1)
	meter.Tracked(5, 60)
	meter.Tracked(4, 48)
	meter.Lost("g", "orders", 7)
	meter.Lost("g", "payments", 2)
	meter.Lost("g", "payments", 0)
	meter.Polled(time.Second)
	wantMetrics(t, registry, `
		flink_hpa_kafka_connections{cluster="main"} 1
		flink_hpa_kafka_consumer_groups{cluster="main"} 4
		flink_hpa_kafka_lost_records{cluster="main",group="g",topic="orders"} 7
		flink_hpa_kafka_partitions{cluster="main"} 48
		flink_hpa_kafka_requests_total{cluster="main",request="ListOffsets"} 1
		flink_hpa_kafka_requests_total{cluster="main",request="OffsetFetch"} 2`, names...)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) != 0 {
		t.Errorf("Prometheus' own rules: %v, %v", problems, err)
	}
}

func TestAMeterThatHasEnded(t *testing.T) {
	names := []string{"flink_hpa_kafka_requests_total", "flink_hpa_kafka_connections", "flink_hpa_kafka_consumer_groups", "flink_hpa_kafka_lost_records"}
	tests := []struct {
		name     string
		replaced bool
		want     string
	}{
		{"leaves the counters to the client that replaces its own", true, `
			flink_hpa_kafka_connections{cluster="main"} 1
			flink_hpa_kafka_connections{cluster="other"} 0
			flink_hpa_kafka_consumer_groups{cluster="main"} 3
			flink_hpa_kafka_requests_total{cluster="main",request="OffsetFetch"} 1`},
		{"takes the series of a removed cluster along", false, `flink_hpa_kafka_connections{cluster="other"} 0`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			own, registry := newTestMetrics(t)
			own.cluster("other")
			old := own.cluster("main")
			if test.replaced {
				own.cluster("main").Connected(+1)
			}
			old.Requested("OffsetFetch")
			old.Connected(+1)
			old.Tracked(3, 30)
			old.Lost("g", "orders", 7)
			old.Polled(time.Second)
			old.end(test.replaced)
			old.Requested("OffsetFetch") // what comes late counts nowhere
			old.Failed("timeout")
			old.Connected(-1)
			old.Tracked(9, 90)
			old.Lost("g", "orders", 8)
			old.Polled(time.Second)
			wantMetrics(t, registry, test.want, names...)
			if n, _ := testutil.GatherAndCount(registry, "flink_hpa_poll_duration_seconds"); (n == 1) != test.replaced {
				t.Errorf("%d sources have a poll duration", n)
			}
		})
	}
}

func TestWhatTheFlinkMeterHears(t *testing.T) {
	own, registry := newTestMetrics(t)
	meter := flinkMeter{own}
	if n, _ := testutil.GatherAndCount(registry, "flink_hpa_decisions_total"); n != len(desired.Codes()) {
		t.Errorf("%d reasons start at 0, want %d", n, len(desired.Codes()))
	}
	meter.Requested(rest.RequestJob)
	meter.Requested(rest.RequestJob)
	meter.Requested(rest.RequestOverview)
	meter.Failed(rest.RequestOverview)
	meter.Decided(desired.MoreNeeded)
	meter.Decided(desired.MoreNeeded)
	wantMetrics(t, registry, `
		flink_hpa_flink_errors_total{request="overview"} 1
		flink_hpa_flink_requests_total{request="job"} 2
		flink_hpa_flink_requests_total{request="overview"} 1`, "flink_hpa_flink_requests_total", "flink_hpa_flink_errors_total")
	if got := testutil.ToFloat64(own.decisions.WithLabelValues("more_needed")); got != 2 {
		t.Errorf("%v decisions for more", got)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) != 0 {
		t.Errorf("Prometheus' own rules: %v, %v", problems, err)
	}
}

func TestSampleAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, twoClusters)
		loop := &aged{}
		b.current.Load().clusters[0].loop = loop
		if n, err := testutil.GatherAndCount(b.registry, "flink_hpa_sample_age_seconds"); n != 0 || err != nil {
			t.Errorf("%d ages without a sample (%v)", n, err)
		}
		loop.age = 7 * time.Second
		wantMetrics(t, b.registry, `flink_hpa_sample_age_seconds{source="kafka/a"} 7`, "flink_hpa_sample_age_seconds")
	})
}

// aged is a loop whose oldest sample has an age.
type aged struct {
	loop
	age time.Duration
}

func (a *aged) OldestSample() (time.Duration, bool) { return a.age, a.age != 0 }
