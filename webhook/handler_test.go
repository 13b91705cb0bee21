package webhook

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/yaml"
)

// review is an AdmissionReview as the API server sends it.
func review(kind, operation, subResource, object string) string {
	return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"705ab4f5-6393","kind":` + kind +
		`,"resource":{"group":"","version":"v1","resource":"pods"},"subResource":"` + subResource +
		`","namespace":"jobs","operation":"` + operation + `","object":` + object + `,"dryRun":true}}`
}

const (
	podKind     = `{"group":"","version":"v1","kind":"Pod"}`
	taskManager = `{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"tm-"},"spec":{"containers":[
		{"name":"sidecar","futureField":{"a":[1]}},
		{"name":"tm","args":["taskmanager","-n"],"futureField":12345678901234567}],"futureField":true}}`
)

func post(t *testing.T, body string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mutate?timeout=3s", strings.NewReader(body)))
	return answer
}

func TestAdmission(t *testing.T) {
	for _, c := range []struct {
		name, body string
		patched    bool
		warnings   []string
	}{
		{"a new Flink pod is patched", review(podKind, "CREATE", "", taskManager), true, nil},
		{"another new pod is left alone", review(podKind, "CREATE", "", `{"spec":{"containers":[{"name":"x"}]}}`), false, nil},
		{"an update is left alone", review(podKind, "UPDATE", "", taskManager), false, nil},
		{"a subresource is left alone", review(podKind, "CREATE", "eviction", taskManager), false, nil},
		{"another kind is left alone", review(`{"group":"apps","version":"v1","kind":"Deployment"}`, "CREATE", "", taskManager), false, nil},
		{"a pod that can't be read starts as it is, with a warning", review(podKind, "CREATE", "", `{"spec":{"containers":"none"}}`), false,
			[]string{"flink-hpa: nothing is injected: the pod could not be read"}},
		{"what can't be understood is told", review(podKind, "CREATE", "", `{"spec":{"containers":[{"args":["taskmanager","-Dheartbeat.timeout=${T}"]}]}}`), false,
			[]string{`flink-hpa: heartbeat.timeout="${T}" is not understood, so no heartbeat.interval was set to fit it: set both, in milliseconds`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := post(t, c.body)
			if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "application/json" {
				t.Fatalf("answer %d %q: %s", answer.Code, answer.Header(), answer.Body)
			}
			var got admissionv1.AdmissionReview
			if err := yaml.UnmarshalStrict(answer.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if got.APIVersion != "admission.k8s.io/v1" || got.Kind != "AdmissionReview" || got.Response.UID != "705ab4f5-6393" || !got.Response.Allowed {
				t.Errorf("answer %+v, want it allowed with the request's uid", got)
			}
			patched := len(got.Response.Patch) > 0
			if patched != c.patched || (got.Response.PatchType != nil) != c.patched {
				t.Errorf("patch %s, want one: %v", got.Response.Patch, c.patched)
			}
			if !slices.Equal(got.Response.Warnings, c.warnings) {
				t.Errorf("warnings %q, want %q", got.Response.Warnings, c.warnings)
			}
		})
	}
}

func TestFieldsNewerThanOurTypesSurvive(t *testing.T) {
	var got admissionv1.AdmissionReview
	if err := json.Unmarshal(post(t, review(podKind, "CREATE", "", taskManager)).Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	patched := patchRaw(t, []byte(taskManager), got.Response.Patch)
	for _, want := range []string{
		`"args":["taskmanager","-D","heartbeat.timeout=8000","-D","heartbeat.interval=2000","-n"]`,
		`{"a":[1]}`, `"futureField":12345678901234567`, `"futureField":true`,
		`"flink-hpa.dev/injected":"heartbeat.interval=2000,heartbeat.timeout=8000"`,
	} {
		if !bytes.Contains(patched, []byte(want)) {
			t.Errorf("the patched pod lacks %s:\n%s", want, patched)
		}
	}
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
			answer := post(t, c.body)
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
	f.Fuzz(func(t *testing.T, body string) {
		answer := post(t, body)
		if answer.Code == http.StatusBadRequest {
			return
		}
		var got admissionv1.AdmissionReview
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || answer.Code != http.StatusOK || !got.Response.Allowed {
			t.Errorf("answer %d %s: %v", answer.Code, answer.Body, err)
		}
	})
}

func FuzzMutate(f *testing.F) {
	f.Add("", "standalone-job\n--job-classname\nx", "heartbeat.timeout: 10 s")
	f.Add("/docker-entrypoint.sh\njobmanager", "host\n-D\na=b", "")
	f.Add("taskmanager", "", "heartbeat.interval:x")
	f.Fuzz(func(t *testing.T, command, args, properties string) {
		pod := flinkPod(properties, strings.Split(args, "\n")...)
		if command != "" {
			pod.Spec.Containers[0].Command = strings.Split(command, "\n")
		}
		once, report := Mutate(pod)
		before, after := flinkContainer{Container: &pod.Spec.Containers[0]}.words(), flinkContainer{Container: &once.Spec.Containers[0]}.words()
		if len(after) != len(before)+2*len(report.Injected) {
			t.Errorf("%q became %q with %v", before, after, report.Injected)
		}
		if twice, again := Mutate(once); twice != once {
			t.Errorf("a second pass injects %v after %v", again.Injected, report.Injected)
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
	handler := Handler()
	b.ReportAllocs()
	for b.Loop() {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/mutate", strings.NewReader(body)))
		if answer.Code != http.StatusOK {
			b.Fatal(answer.Body)
		}
	}
}
