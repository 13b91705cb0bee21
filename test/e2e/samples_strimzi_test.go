//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// The Secret that copy-secret.sh makes has just the files that the component's configuration names, where the adapter mounts them.
func TestTheStrimziSampleBringsTheAdapterToTheCluster(t *testing.T) {
	t.Parallel()
	const namespace = "strimzi-secrets"
	if _, err := cluster.Run(t.Context(), "create", "namespace", namespace); err != nil {
		t.Fatal(err)
	}
	removeWithTheTest(t, namespace)
	sample := filepath.Join(cluster.root, "manifests", "samples", "kafka-strimzi")
	copySecret := func() (string, error) {
		c := exec.CommandContext(t.Context(), filepath.Join(sample, "copy-secret.sh"), namespace, "kafka", "flink-hpa", namespace)
		c.Env = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig, "PATH="+filepath.Dir(cluster.Kubectl)+":"+os.Getenv("PATH"))
		output, err := c.CombinedOutput()
		return string(output), err
	}
	if output, err := copySecret(); err == nil || !strings.Contains(output, "kafka-cluster-ca-cert") {
		t.Errorf("without Strimzi's Secrets it says %q, %v", output, err)
	}
	secrets := cluster.Client.CoreV1().Secrets(namespace)
	put := func(ctx context.Context, name string, data map[string]string) {
		t.Helper()
		if err := secrets.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !strings.Contains(err.Error(), "not found") {
			t.Fatal(err)
		}
		if _, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: data}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	// As Strimzi makes them.
	put(t.Context(), "kafka-cluster-ca-cert", map[string]string{"ca.crt": "the CA", "ca.p12": "the same", "ca.password": "of the latter"})
	put(t.Context(), "flink-hpa", map[string]string{"password": "first", "sasl.jaas.config": "for Java"})
	files := map[string]string{"ca.crt": "the CA", "password": "first"}
	for range 2 {
		if output, err := copySecret(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		secret, err := secrets.Get(t.Context(), "flink-hpa-kafka", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for name, value := range secret.Data {
			got[name] = string(value)
		}
		if !maps.Equal(got, files) {
			t.Errorf("the Secret has %v, not %v", got, files)
		}
		for _, note := range secret.Annotations {
			if strings.Contains(note, base64.StdEncoding.EncodeToString(secret.Data["password"])) {
				t.Error("an annotation keeps the password")
			}
		}
		files["password"] = "second"
		put(t.Context(), "flink-hpa", map[string]string{"password": "second"})
	}

	kafka := strimziConfig(t, sample).Kafka.Clusters[0]
	if kafka.TLS == nil || kafka.SASL == nil {
		t.Fatalf("the configuration is without TLS or SASL: %+v", kafka)
	}
	named := []string{kafka.TLS.CAFile, kafka.SASL.PasswordFile}
	for i, file := range named {
		if path.Dir(file) != "/etc/flink-hpa-kafka" {
			t.Errorf("%s isn't where the adapter mounts the Secret", file)
		}
		named[i] = path.Base(file)
	}
	if want := slices.Sorted(maps.Keys(files)); !slices.Equal(slices.Sorted(slices.Values(named)), want) {
		t.Errorf("the configuration names %q, the Secret has %q", named, want)
	}
}

// strimziConfig is the adapter's configuration, as it loads it, of an installation with the sample's component.
func strimziConfig(t *testing.T, sample string) config.Config {
	t.Helper()
	overlay := t.TempDir()
	manifests, err := filepath.Rel(overlay, filepath.Join(cluster.root, "manifests"))
	if err != nil {
		t.Fatal(err)
	}
	content := "resources: [" + manifests + "/base]\ncomponents: [" + manifests + "/samples/kafka-strimzi/adapter]\n"
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	rendered, err := cluster.Run(t.Context(), "kustomize", overlay)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(rendered, "mountPath: /etc/flink-hpa-kafka") || !strings.Contains(rendered, "secretName: flink-hpa-kafka") {
		t.Error("the adapter doesn't mount the Secret flink-hpa-kafka at /etc/flink-hpa-kafka")
	}
	for document := range strings.SplitSeq(rendered, "\n---\n") {
		var configMap corev1.ConfigMap
		if yaml.Unmarshal([]byte(document), &configMap) == nil && configMap.Kind == "ConfigMap" && configMap.Name == adapterConfig {
			loaded, err := config.Parse([]byte(configMap.Data["config.yaml"]))
			if err != nil {
				t.Fatal(err)
			}
			return loaded
		}
	}
	t.Fatal("the adapter has no configuration")
	return config.Config{}
}
