package webhook

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
)

func TestAdmission(t *testing.T) {
	for _, c := range []struct {
		name, body string
		counted    []string // result and role
		warnings   []string
	}{
		{"a new Flink pod is patched", review(podKind, "CREATE", "", taskManager), []string{injected, "taskmanager"}, nil},
		{"another new pod is left alone", review(podKind, "CREATE", "", `{"spec":{"containers":[{"name":"x"}]}}`), []string{unchanged, "none"}, nil},
		{"an update is left alone", review(podKind, "UPDATE", "", taskManager), nil, nil},
		{"a subresource is left alone", review(podKind, "CREATE", "eviction", taskManager), nil, nil},
		{"another kind is left alone", review(`{"group":"apps","version":"v1","kind":"Deployment"}`, "CREATE", "", taskManager), nil, nil},
		{"a pod that can't be read starts as it is, with a warning", review(podKind, "CREATE", "", `{"spec":{"containers":"none"}}`), []string{failed, "none"},
			[]string{"flink-hpa: nothing is injected: the pod could not be read"}},
		{"what can't be understood is told", review(podKind, "CREATE", "", `{"spec":{"containers":[{"args":["taskmanager","-Dheartbeat.timeout=${T}"]}]}}`), []string{unchanged, "taskmanager"},
			[]string{`flink-hpa: heartbeat.timeout="${T}" is not understood, so no heartbeat.interval was set to fit it: set both, in milliseconds`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHandler(t)
			got := allowed(t, h.post(t, "/mutate", c.body))
			if patched := len(c.counted) > 0 && c.counted[0] == injected; (len(got.Patch) > 0) != patched || (got.PatchType != nil) != patched {
				t.Errorf("patch %s, want one: %v", got.Patch, patched)
			}
			want := 1 // errors are counted from 0 on
			if c.counted != nil && c.counted[0] != failed {
				want++
			}
			if n := testutil.CollectAndCount(h.metrics.admissions); n != want {
				t.Errorf("admissions are counted in %d ways, want %q", n, c.counted)
			}
			if c.counted != nil && testutil.ToFloat64(h.metrics.admissions.WithLabelValues(c.counted...)) != 1 {
				t.Errorf("the admission is not counted as %q", c.counted)
			}
			if !slices.Equal(got.Warnings, c.warnings) {
				t.Errorf("warnings %q, want %q", got.Warnings, c.warnings)
			}
		})
	}
}

func TestFieldsNewerThanOurTypesSurvive(t *testing.T) {
	got := allowed(t, newHandler(t).post(t, "/mutate", review(podKind, "CREATE", "", taskManager)))
	patched := patchRaw(t, []byte(taskManager), got.Patch)
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

// The pod's conf folder is a ConfigMap that sets heartbeat.timeout.
func TestWhatAConfigMapSaysIsLeftToIt(t *testing.T) {
	const pod = `{"spec":{"containers":[{"name":"tm","image":"flink:2.3.0","args":["taskmanager"],"volumeMounts":[{"name":"conf","mountPath":"/opt/flink/conf"}]}],
		"volumes":[{"name":"conf","configMap":{"name":"flink-config"}}]}}`
	for _, c := range []struct {
		name    string
		answer  error // of the API server
		patched bool
		warned  string
	}{
		{"a ConfigMap that sets the timeout", nil, true, ""},
		{"one that we may not read", apierrors.NewForbidden(corev1.Resource("configmaps"), "flink-config", nil), false, "kubectl create rolebinding flink-hpa-webhook-reader -n jobs"},
		{"an API server that fails", errors.New("no leader"), false, "no leader"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHandler(t, &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Namespace: "jobs", Name: "flink-config"},
				Data:       map[string]string{"config.yaml": "heartbeat: {timeout: 15000}"},
			})
			if c.answer != nil {
				h.client.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, c.answer })
			}
			got := allowed(t, h.post(t, "/mutate", review(podKind, "CREATE", "", pod)))
			if (len(got.Patch) > 0) != c.patched || bytes.Contains(got.Patch, []byte("heartbeat.timeout")) {
				t.Errorf("patch %s, want one: %v, and no heartbeat.timeout in it", got.Patch, c.patched)
			}
			if told := strings.Join(got.Warnings, "\n"); !strings.Contains(told, c.warned) || c.warned == "" && told != "" {
				t.Errorf("warnings %q, want %q", got.Warnings, c.warned)
			}
			for _, action := range h.client.Actions() {
				if action.GetVerb() != "get" {
					t.Errorf("an admission, maybe of a dry run, does %s %s", action.GetVerb(), action.GetResource().Resource)
				}
			}
		})
	}
}

// Flink's operator makes the Deployment of a JobManager before the ConfigMap with its settings.
func TestTheSettingsOfAPodThatFlinksOperatorMakesAreWaitedFor(t *testing.T) {
	const pod = `{"metadata":{"labels":{"type":"flink-standalone-kubernetes"}},"spec":{
		"containers":[{"name":"jm","image":"flink:1.20","args":["standalone-job"],"volumeMounts":[{"name":"conf","mountPath":"/opt/flink/conf"}]}],
		"volumes":[{"name":"conf","configMap":{"name":"flink-config"}}]}}`
	h := newHandler(t, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "jobs", Name: "flink-config"},
		Data:       map[string]string{"config.yaml": "parallelism: {default: 2}"},
	})
	reads := 0
	h.client.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
		reads++
		return reads == 1, nil, apierrors.NewNotFound(corev1.Resource("configmaps"), "flink-config")
	})
	got := allowed(t, h.post(t, "/mutate", review(podKind, "CREATE", "", pod)))
	if !bytes.Contains(got.Patch, []byte("heartbeat.timeout=8000")) || reads != 2 {
		t.Errorf("after %d reads the patch is %s, with warnings %q; want the heartbeats, after 2", reads, got.Patch, got.Warnings)
	}
}
