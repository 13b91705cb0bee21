package webhook

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admission/v1"
)

const (
	deploymentKind  = `{"group":"apps","version":"v1","kind":"Deployment"}`
	statefulSetKind = `{"group":"apps","version":"v1","kind":"StatefulSet"}`
	jobKind         = `{"group":"batch","version":"v1","kind":"Job"}`
	// workload is each of the three. Its template has one mistake: the heartbeat's timeout is no number.
	workload = `{"metadata":{"name":"w"},"spec":{"replicas":2,"parallelism":2,"template":{"spec":{"containers":[
		{"name":"c","args":["taskmanager","-Dheartbeat.timeout=${T}"]}]}}}}`
)

func TestWorkloadsAreToldOfWhatIsWrongWithTheirPods(t *testing.T) {
	mistake := []string{"heartbeat.timeout"}
	for _, c := range []struct {
		name, body string
		warnings   []string // a part of each
	}{
		{"a new Deployment", review(deploymentKind, "CREATE", "", workload), mistake},
		{"a changed Deployment", review(deploymentKind, "UPDATE", "", workload), mistake},
		{"a StatefulSet", review(statefulSetKind, "CREATE", "", workload), mistake},
		{"a Job", review(jobKind, "CREATE", "", workload), mistake},
		{"one whose pods opted out", review(deploymentKind, "CREATE", "", strings.Replace(workload, `"template":{`,
			`"template":{"metadata":{"labels":{"flink-hpa.dev/inject":"disabled"}},`, 1)), nil},
		{"one that runs no Flink", review(deploymentKind, "CREATE", "", strings.Replace(workload, "taskmanager", "serve", 1)), nil},
		{"one that goes", review(deploymentKind, "DELETE", "", `null`), nil},
		{"its scale", review(`{"group":"autoscaling","version":"v1","kind":"Scale"}`, "UPDATE", "scale", `{"spec":{"replicas":3}}`), nil},
		{"another kind", review(`{"group":"apps","version":"v1","kind":"DaemonSet"}`, "CREATE", "", workload), nil},
		{"one that can't be read", review(deploymentKind, "CREATE", "", `{"spec":{"template":"none"}}`), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHandler(t)
			got := allowed(t, h.post(t, "/validate", c.body))
			if !slices.EqualFunc(got.Warnings, c.warnings, strings.Contains) {
				t.Errorf("warnings %q, want %q in them", got.Warnings, c.warnings)
			}
			if got.Patch != nil {
				t.Errorf("it is patched: %s", got.Patch)
			}
			if n := testutil.ToFloat64(h.metrics.warnings.WithLabelValues("/validate")); int(n) != len(c.warnings) {
				t.Errorf("%v warnings are counted, want %d", n, len(c.warnings))
			}
		})
	}
}

func TestAMistakeOfOursAllowsAndIsCounted(t *testing.T) {
	metrics := NewMetrics(prometheus.NewRegistry())
	h := reviews{path: "/mutate", metrics: metrics, answer: func(_ context.Context, _ *admissionv1.AdmissionRequest, response *admissionv1.AdmissionResponse) {
		response.Allowed = false
		panic("a mistake")
	}}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mutate", strings.NewReader(review(podKind, "CREATE", "", taskManager))))
	if got := allowed(t, answer); got.Patch != nil || got.Warnings != nil {
		t.Errorf("the answer is %+v, want nothing besides that it is allowed", got)
	}
	if n := testutil.ToFloat64(metrics.panics.WithLabelValues("/mutate")); n != 1 {
		t.Errorf("%v panics are counted, want 1", n)
	}
}
