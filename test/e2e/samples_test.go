//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

// The API server takes each sample as a user would apply it, and knows each of its fields. It keeps none of it: they are tried in
// namespaces of their own. kafka-strimzi is left out: Strimzi's definitions of its resources can't be had with a JDK 17. keda is as well, as KEDA's
// definitions aren't fetched. flink-operator is tried with the operator.
func TestTheAPIServerTakesEachSample(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ sample, object string }{
		{"flink-reactive", "horizontalpodautoscaler.autoscaling/" + bed.SampleTaskManager},
		{"hpa-lag", "horizontalpodautoscaler.autoscaling/" + bed.SampleTaskManager},
		{"hpa-busy", "horizontalpodautoscaler.autoscaling/" + bed.SampleTaskManager},
		{"hpa-desired", "horizontalpodautoscaler.autoscaling/" + bed.SampleTaskManager},
		{"rules", "scalingrule.flink-hpa.dev/formula"},
		{"flink-ha", "persistentvolumeclaim/flink-shared"},
		{"flink-session", "deployment.apps/flink-jobmanager"},
	} {
		t.Run(test.sample, func(t *testing.T) { sampleIsTaken(t, test.sample, test.object) })
	}
}

func sampleIsTaken(t *testing.T, sample, object string) {
	t.Helper()
	namespace := "sample-" + sample
	folder := fill(t, "sample.yaml", namespace+"/kustomization.yaml", map[string]string{"Name": sample, "Namespace": namespace})
	if _, err := cluster.Run(t.Context(), "create", "namespace", namespace); err != nil {
		t.Fatal(err)
	}
	removeWithTheTest(t, namespace)
	output, err := cluster.Run(t.Context(), "apply", "-k", folder, "--dry-run=server", "--validate=strict")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(output, object+" created") {
		t.Errorf("the sample has no %s:\n%s", object, output)
	}
}

// A sample that nobody tries, or a policy of the demo that has none, would be forgotten here.
func TestEachSampleIsTried(t *testing.T) {
	source, err := os.ReadFile("samples_test.go")
	if err != nil {
		t.Fatal(err)
	}
	folders, err := os.ReadDir(filepath.Join(cluster.root, "manifests", "samples"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, folder := range folders {
		names = append(names, folder.Name())
	}
	for _, policy := range bed.Policies() {
		names = append(names, "hpa-"+policy)
	}
	for _, name := range names {
		if name != "kafka-strimzi" && name != "flink-operator" && name != "keda" && !bytes.Contains(source, []byte(`{"`+name+`", "`)) {
			t.Errorf("sample %s isn't in the table", name)
		}
	}
}

// fill writes a template of testdata, filled in with values and with Samples, where the samples are from there, to a file below
// the bed's manifests. It returns the file's folder.
func fill(t *testing.T, name, to string, values map[string]string) string {
	t.Helper()
	file := cluster.Dir(filepath.Join("manifests", to))
	samples, err := filepath.Rel(filepath.Dir(file), filepath.Join(cluster.root, "manifests", "samples"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := template.New(name).Option("missingkey=error").ParseFiles(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"Samples": samples, "APIServer": cluster.Config.Host}
	maps.Copy(all, values)
	var out bytes.Buffer
	if err := content.Execute(&out, all); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(file)
}

// applyWhole applies a kustomization that makes a namespace, which is removed with the test.
func applyWhole(t *testing.T, folder, namespace string, flags ...string) {
	t.Helper()
	if _, err := cluster.Run(t.Context(), append([]string{"apply", "-k", folder}, flags...)...); err != nil {
		t.Fatal(err)
	}
	removeWithTheTest(t, namespace)
}

func removeWithTheTest(t *testing.T, namespace string) {
	t.Helper()
	t.Cleanup(func() {
		if _, err := cluster.Run(context.WithoutCancel(t.Context()), "delete", "namespace", namespace, "--wait=false"); err != nil {
			t.Error(err)
		}
	})
}

// getsHeartbeatsAlone looks at what the webhook gave a pod.
func getsHeartbeatsAlone(t *testing.T, namespace, selector string) {
	t.Helper()
	want := map[string]string{"heartbeat.timeout": "8000", "heartbeat.interval": "2000"}
	if got := injectedInto(t, namespace, selector); !maps.Equal(got, want) {
		t.Errorf("the webhook gave the pod %s %v, not %v", selector, got, want)
	}
}
