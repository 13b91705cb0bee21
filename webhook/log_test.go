package webhook

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"
)

func TestEachAdmissionIsOneLine(t *testing.T) {
	const warned = `{"spec":{"containers":[{"args":["taskmanager","-Dheartbeat.timeout=${T}"]}]}}`
	for _, c := range []struct {
		name, path, body string
		level            int // from which on there is a line
		want             string
	}{
		{"a pod that is injected into", "/mutate", review(podKind, "CREATE", "", taskManager), 0, "Injected into a pod"},
		{"a pod that is left alone with a warning", "/mutate", review(podKind, "CREATE", "", warned), 0, "Pod left alone"},
		{"a pod that can't be read", "/mutate", review(podKind, "CREATE", "", `{"spec":{"containers":"none"}}`), 0, "Pod left alone: not decoded"},
		{"a pod that is none of Flink's", "/mutate", review(podKind, "CREATE", "", `{"spec":{"containers":[{"name":"x"}]}}`), 1, "Pod left alone"},
		{"a workload that is as it should be", "/validate", review(deploymentKind, "UPDATE", "", `{"spec":{"template":{"spec":{"containers":[{"name":"x"}]}}}}`), 1, "Checked"},
		{"a request that is none of ours", "/mutate", review(podKind, "UPDATE", "", taskManager), 2, "Left alone: not a new pod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for level := range 3 {
				logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true), ktesting.Verbosity(level)))
				request := httptest.NewRequestWithContext(klog.NewContext(t.Context(), logger), http.MethodPost, c.path, strings.NewReader(c.body))
				newHandler(t).ServeHTTP(httptest.NewRecorder(), request)
				var got []string
				for _, entry := range logger.GetSink().(ktesting.Underlier).GetBuffer().Data() {
					got = append(got, entry.Message)
				}
				if level < c.level && len(got) > 0 || level >= c.level && (len(got) != 1 || got[0] != c.want) {
					t.Errorf("-v=%d logs %q, want one line %q from -v=%d on", level, got, c.want, c.level)
				}
			}
		})
	}
}

func TestMetricsKeepPrometheusRules(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	NewMetrics(registry)
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) != 0 {
		t.Errorf("%v, %v", problems, err)
	}
	for _, name := range []string{"flink_hpa_webhook_panics_total", "flink_hpa_webhook_admissions_total"} {
		if n, err := testutil.GatherAndCount(registry, name); n == 0 || err != nil {
			t.Errorf("%s: %d series begin at 0, %v", name, n, err)
		}
	}
}
