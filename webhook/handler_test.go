package webhook

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/yaml"
)

// review is an AdmissionReview as the API server sends it.
func review(kind, operation, subResource, object string) string {
	return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"705ab4f5-6393","kind":` + kind +
		`,"resource":{"group":"","version":"v1","resource":"pods"},"subResource":"` + subResource +
		`","namespace":"jobs","operation":"` + operation + `","object":` + object + `,"dryRun":true}}`
}

const (
	account     = "flink-hpa:flink-hpa-webhook"
	podKind     = `{"group":"","version":"v1","kind":"Pod"}`
	taskManager = `{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"tm-"},"spec":{"containers":[
		{"name":"sidecar","futureField":{"a":[1]}},
		{"name":"tm","args":["taskmanager","-n"],"futureField":12345678901234567}],"futureField":true}}`
)

// handler is a whole one, in a cluster that holds objects.
type handler struct {
	http.Handler
	metrics *Metrics
	client  *fake.Clientset
	peers   []Peer
}

func newHandler(t testing.TB, objects ...runtime.Object) *handler {
	t.Helper()
	registry := prometheus.NewRegistry()
	h := &handler{metrics: NewMetrics(registry), client: fake.NewClientset(objects...)}
	clock := clocktesting.NewFakeClock(time.Unix(1_000_000, 0))
	profiles, err := openProfiles("", clock, h.metrics)
	if err != nil {
		t.Fatal(err)
	}
	surroundings := Surroundings{objects: newObjectReader(h.client, account, clock, h.metrics), profiles: profiles}
	well := func() error { return nil }
	h.Handler = Handler(NewAdmission(surroundings, h, h.metrics), registry, Probes{Ready: well, Alive: well})
	return h
}

func (h *handler) Peers(context.Context, string, Workload) []Peer { return h.peers }

func (h *handler) post(t *testing.T, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path+"?timeout=3s", strings.NewReader(body)))
	return answer
}

// allowed is the response in an answer, which has to allow the request.
func allowed(t *testing.T, answer *httptest.ResponseRecorder) *admissionv1.AdmissionResponse {
	t.Helper()
	if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("answer %d %q: %s", answer.Code, answer.Header(), answer.Body)
	}
	var got admissionv1.AdmissionReview
	if err := yaml.UnmarshalStrict(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.APIVersion != "admission.k8s.io/v1" || got.Kind != "AdmissionReview" || got.Response.UID != "705ab4f5-6393" || !got.Response.Allowed {
		t.Fatalf("answer %+v, want it allowed with the request's uid", got)
	}
	return got.Response
}

func TestRequestsThatAreNoAdmissionReview(t *testing.T) {
	for _, c := range []struct {
		name, body string
		code       int
		want       string
	}{
		{"nothing", "", http.StatusBadRequest, "decode the AdmissionReview"},
		{"no JSON", "x", http.StatusBadRequest, "decode the AdmissionReview"},
		{"another kind", `{"apiVersion":"v1","kind":"Pod"}`, http.StatusBadRequest, "want an AdmissionReview of admission.k8s.io/v1"},
		{"another version", `{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{}}`, http.StatusBadRequest, "admission.k8s.io/v1beta1"},
		{"no request", `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`, http.StatusBadRequest, "no request"},
		{"more than 7 MiB", strings.Repeat(" ", maxBody+1), http.StatusRequestEntityTooLarge, "larger than 7 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := newHandler(t).post(t, "/mutate", c.body)
			if answer.Code != c.code || !strings.Contains(answer.Body.String(), c.want) {
				t.Errorf("answer %d %s, want %d with %q", answer.Code, answer.Body, c.code, c.want)
			}
		})
	}
}

func FuzzAdmission(f *testing.F) {
	for _, object := range []string{taskManager, `{}`, `null`, `{"spec":{"containers":[{"args":["jobmanager","h","1","-D"]}]}}`} {
		f.Add(review(podKind, "CREATE", "", object))
	}
	f.Add(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null}`)
	for _, kind := range []string{deploymentKind, statefulSetKind, jobKind} {
		f.Add(review(kind, "UPDATE", "", workload))
	}
	h := newHandler(f)
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/mutate", "/validate"} {
			answer := h.post(t, path, body)
			if answer.Code == http.StatusBadRequest {
				return
			}
			var got admissionv1.AdmissionReview
			if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || answer.Code != http.StatusOK || !got.Response.Allowed {
				t.Errorf("answer %d %s: %v", answer.Code, answer.Body, err)
			}
		}
		for _, path := range []string{"/mutate", "/validate"} {
			if n := testutil.ToFloat64(h.metrics.panics.WithLabelValues(path)); n > 0 {
				t.Fatalf("%s panicked on %s", path, body)
			}
		}
	})
}

func BenchmarkAdmission(b *testing.B) {
	manifest, err := os.ReadFile(filepath.Join("testdata", "docs-standalone-job.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	pod, err := yaml.YAMLToJSON(manifest)
	if err != nil {
		b.Fatal(err)
	}
	body := review(podKind, "CREATE", "", string(pod))
	handler := newHandler(b)
	b.ReportAllocs()
	for b.Loop() {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/mutate", strings.NewReader(body)))
		if answer.Code != http.StatusOK {
			b.Fatal(answer.Body)
		}
	}
}
