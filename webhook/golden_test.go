package webhook

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
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
		warnings   []string // a part of each
	}{
		{"a job's JobManager gets all of it before its own options", "docs-standalone-job", "", []string{"no checkpoint directory", "no high availability"}},
		{"a TaskManager gets heartbeats, its sidecars nothing", "docs-taskmanager", "", nil},
		{"a session's JobManager gets heartbeats only, after its host", "ha-session-jobmanager", "", nil},
		{"what the pod sets is left to it, under any name, and what hangs on it", "entrypoint-in-command", "", []string{"no checkpoint directory", "no high availability"}},
		{"a pod that sets everything is left alone", "sets-everything", "nothing is left to inject", nil},
		{"a pod that opted out is left alone", "disabled", "its label flink-hpa.dev/inject is disabled", nil},
		{"a native JobManager is left alone, with a warning", "native-kubernetes", "Flink's native Kubernetes mode made it", []string{"no HPA can scale them"}},
		{"a native TaskManager is left alone", "native-taskmanager", "Flink's native Kubernetes mode made it", nil},
		{"a pod with two Flink containers is left alone, with a warning", "two-flink-containers", "several containers run Flink", []string{"Give each a pod of its own"}},
		{"a script that starts Flink is left alone, with a warning", "bash-script", "a script starts Flink", []string{"Start it with args"}},
		{"the docs' job on 1.13", "docs-1.13-jobmanager", "", []string{"no checkpoint directory", "no high availability"}},
		{"the docs' job on 1.17, highly available on Kubernetes", "docs-1.17-ha-jobmanager", "", nil},
		{"the docs' job on 1.20, whose config.yaml is nested", "docs-1.20-jobmanager", "", []string{"no high availability"}},
		{"the docs' job on 2.x", "docs-2.x-jobmanager", "", []string{"no high availability"}},
		{"high availability on ZooKeeper, its settings in a Secret", "zookeeper-jobmanager", "", nil},
		{"a TaskManager of a chart, its file by subPath", "helm-taskmanager", "", nil},
		{"files of a projected volume", "projected-jobmanager", "", nil},
		{"FLINK_PROPERTIES from a ConfigMap", "properties-from-configmap", "", nil},
		{"FLINK_PROPERTIES next to a mounted file are lost", "properties-lost", "", []string{"FLINK_PROPERTIES has no effect", "no checkpoint directory", "no high availability"}},
		{"a ConfigMap that nobody let us read leaves what can't conflict", "unreadable", "", []string{"ConfigMap orders-config can't be read"}},
		{"a file that this Flink doesn't read", "wrong-file", "", []string{"Flink 1.17 doesn't read config.yaml", "no checkpoint directory", "no high availability"}},
		{"Flink's operator's JobManager gets heartbeats only", "operator-jobmanager", "", nil},
		{"the adaptive scheduler and a max parallelism, asked for", "asks-for-more", "", []string{"no checkpoint directory", "no high availability"}},
		{"the adaptive scheduler of a session", "adaptive-session", "", []string{"no high availability"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod, objects := readPod(t, c.file+".yaml")
			report := checkGolden(t, pod, objects, c.file)
			if report.Reason != c.reason {
				t.Errorf("reason %q, want %q", report.Reason, c.reason)
			}
			checkWarnings(t, report.Warnings, c.warnings)
		})
	}
}

// checkWarnings wants each of parts in the warning at its place, and warnings that fit into what clients print of them.
func checkWarnings(t *testing.T, warnings, parts []string) {
	t.Helper()
	for i := range max(len(warnings), len(parts)) {
		switch {
		case i >= len(parts):
			t.Errorf("warning %q is too much", warnings[i])
		case i >= len(warnings):
			t.Errorf("no warning %q", parts[i])
		case !strings.Contains(warnings[i], parts[i]):
			t.Errorf("warning %q, want %q in it", warnings[i], parts[i])
		}
	}
	for _, warning := range warnings {
		if len("flink-hpa: "+warning) > 256 {
			t.Errorf("the warning has %d characters, more than clients may show: %s", len(warning), warning)
		}
	}
}

// The sample's own manifests say nothing of reactive mode, heartbeats, checkpoint interval or restarts.
func TestPodsOfTheSample(t *testing.T) {
	templates, objects := readManifests(t, filepath.Join("..", "manifests", "samples", "flink-reactive"))
	if len(templates) != 2 {
		t.Fatalf("the sample has %d pod templates, want 2", len(templates))
	}
	for name, template := range templates {
		t.Run(name, func(t *testing.T) {
			report := checkGolden(t, &corev1.Pod{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
				ObjectMeta: template.ObjectMeta,
				Spec:       template.Spec,
			}, objects, "sample-"+name)
			checkWarnings(t, report.Warnings, nil)
		})
	}
}

// checkGolden compares what becomes of pod with file.golden.yaml, and tries what has to hold for any pod.
func checkGolden(t *testing.T, pod *corev1.Pod, objects Objects, file string) Report {
	t.Helper()
	facts := Facts{Objects: Objects{}, Profile: DefaultProfiles().For("jobs")}
	for _, key := range References(pod) {
		object, there := objects[key]
		if !there {
			t.Fatalf("%s takes settings from %s, which isn't in the file", file, key)
		}
		facts.Objects[key] = object
	}
	before := pod.DeepCopy()
	after, report := Mutate(pod, facts)
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
	again, second := Mutate(after, facts)
	if diff := cmp.Diff(after, again); diff != "" {
		t.Errorf("a second pass changes it:\n%s", diff)
	}
	if diff := cmp.Diff(report.Warnings, second.Warnings); diff != "" {
		t.Errorf("a second pass warns of something else:\n%s", diff)
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

// readPod reads a file with a pod, and the ConfigMaps and Secrets that it takes settings from.
func readPod(t *testing.T, file string) (*corev1.Pod, Objects) {
	t.Helper()
	var pod corev1.Pod
	objects := Objects{}
	for kind, document := range documents(t, filepath.Join("testdata", file)) {
		if kind == "Pod" {
			decode(t, document, &pod)
		} else {
			addObject(t, objects, kind, document)
		}
	}
	return &pod, objects
}

// readManifests reads the pod templates in the manifests of a folder, by the name of their owner, and the ConfigMaps.
func readManifests(t *testing.T, folder string) (map[string]corev1.PodTemplateSpec, Objects) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	templates, objects := map[string]corev1.PodTemplateSpec{}, Objects{}
	for _, file := range files {
		for kind, document := range documents(t, file) {
			switch kind {
			case "Job":
				var job batchv1.Job
				decode(t, document, &job)
				templates[job.Name] = job.Spec.Template
			case "Deployment":
				var deployment appsv1.Deployment
				decode(t, document, &deployment)
				templates[deployment.Name] = deployment.Spec.Template
			default:
				addObject(t, objects, kind, document)
			}
		}
	}
	return templates, objects
}

// addObject adds a ConfigMap or Secret. One with the annotation test/forbidden can't be read.
func addObject(t *testing.T, objects Objects, kind string, document []byte) {
	t.Helper()
	switch kind {
	case KindConfigMap:
		var configMap corev1.ConfigMap
		decode(t, document, &configMap)
		object := Object{Data: configMap.Data}
		if why := configMap.Annotations["test/forbidden"]; why != "" {
			object = Object{Err: errors.New(why)}
		}
		objects[ObjectKey{kind, configMap.Name}] = object
	case KindSecret:
		var secret corev1.Secret
		decode(t, document, &secret)
		objects[ObjectKey{kind, secret.Name}] = Object{Data: secret.StringData}
	}
}

func decode(t *testing.T, document []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(document, into); err != nil {
		t.Fatal(err)
	}
}

// documents are those of a YAML file, with their kinds.
func documents(t testing.TB, file string) iter.Seq2[string, []byte] {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(string, []byte) bool) {
		reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
		for {
			document, err := reader.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			var object metav1.PartialObjectMetadata
			if err := yaml.Unmarshal(document, &object); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if !yield(object.Kind, document) {
				return
			}
		}
	}
}
