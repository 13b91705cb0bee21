package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	patching "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files")

func TestPodsPeopleRun(t *testing.T) {
	for _, c := range []struct {
		name, file string
		reason     string
		warnings   int
	}{
		{"a job's JobManager gets all of it before its own options", "docs-standalone-job", "", 0},
		{"a TaskManager gets heartbeats, its sidecars nothing", "docs-taskmanager", "", 0},
		{"a session's JobManager gets heartbeats only, after its host", "ha-session-jobmanager", "", 0},
		{"what the pod sets is left to it, under any name, and what hangs on it", "entrypoint-in-command", "", 0},
		{"a pod that sets everything is left alone", "sets-everything", "nothing is left to inject", 0},
		{"a pod that opted out is left alone", "disabled", "its label flink-hpa.dev/inject is disabled", 0},
		{"a native JobManager is left alone", "native-kubernetes", "no container runs standalone-job, taskmanager or jobmanager", 0},
		{"a pod with two Flink containers is left alone, with a warning", "two-flink-containers", "several containers run Flink", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var pod corev1.Pod
			if err := yaml.UnmarshalStrict(read(t, c.file+".yaml"), &pod); err != nil {
				t.Fatal(err)
			}
			report := checkGolden(t, &pod, c.file)
			if report.Reason != c.reason || len(report.Warnings) != c.warnings {
				t.Errorf("reason %q, warnings %q; want %q and %d warnings", report.Reason, report.Warnings, c.reason, c.warnings)
			}
		})
	}
}

// The sample's own manifests say nothing of reactive mode, heartbeats, checkpoint interval or restarts.
func TestPodsOfTheSample(t *testing.T) {
	templates := podTemplates(t, filepath.Join("..", "manifests", "samples", "flink-reactive"))
	if len(templates) != 2 {
		t.Fatalf("the sample has %d pod templates, want 2", len(templates))
	}
	for name, template := range templates {
		t.Run(name, func(t *testing.T) {
			checkGolden(t, &corev1.Pod{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
				ObjectMeta: template.ObjectMeta,
				Spec:       template.Spec,
			}, "sample-"+name)
		})
	}
}

// checkGolden compares what becomes of pod with file.golden.yaml, and tries what has to hold for any pod.
func checkGolden(t *testing.T, pod *corev1.Pod, file string) Report {
	t.Helper()
	before := pod.DeepCopy()
	after, report := Mutate(pod)
	if diff := cmp.Diff(before, pod); diff != "" {
		t.Errorf("Mutate changed its argument:\n%s", diff)
	}
	got, err := yaml.Marshal(after)
	if err != nil {
		t.Fatal(err)
	}
	golden := file + ".golden.yaml"
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", golden), got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(read(t, golden)), string(got)); diff != "" {
		t.Errorf("%s (-want +got), go test ./webhook -update rewrites it:\n%s", golden, diff)
	}
	again, _ := Mutate(after)
	if diff := cmp.Diff(after, again); diff != "" {
		t.Errorf("a second pass changes it:\n%s", diff)
	}
	patched := applyPatch(t, pod, after)
	if diff := cmp.Diff(after, patched); diff != "" {
		t.Errorf("the patch gives another pod:\n%s", diff)
	}
	return report
}

// applyPatch applies the patch from before to after to before.
func applyPatch(t *testing.T, before, after *corev1.Pod) *corev1.Pod {
	t.Helper()
	raw, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	document, err := diff(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var patched corev1.Pod
	if err := json.Unmarshal(patchRaw(t, raw, document), &patched); err != nil {
		t.Fatal(err)
	}
	return &patched
}

func patchRaw(t *testing.T, raw, document []byte) []byte {
	t.Helper()
	patch, err := patching.DecodePatch(document)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := patch.Apply(raw)
	if err != nil {
		t.Fatalf("apply %s: %v", document, err)
	}
	return patched
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// podTemplates finds the pod templates in the manifests of a folder, by the name of their owner.
func podTemplates(t *testing.T, folder string) map[string]corev1.PodTemplateSpec {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	templates := map[string]corev1.PodTemplateSpec{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents := utilyaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(data)))
		for {
			document := make([]byte, len(data)+1)
			n, err := documents.Read(document)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			addTemplate(t, templates, document[:n])
		}
	}
	return templates
}

func addTemplate(t *testing.T, templates map[string]corev1.PodTemplateSpec, document []byte) {
	t.Helper()
	var object metav1.PartialObjectMetadata
	if err := yaml.Unmarshal(document, &object); err != nil {
		t.Fatal(err)
	}
	switch object.Kind {
	case "Job":
		var job batchv1.Job
		if err := yaml.UnmarshalStrict(document, &job); err != nil {
			t.Fatal(err)
		}
		templates[job.Name] = job.Spec.Template
	case "Deployment":
		var deployment appsv1.Deployment
		if err := yaml.UnmarshalStrict(document, &deployment); err != nil {
			t.Fatal(err)
		}
		templates[deployment.Name] = deployment.Spec.Template
	}
}
