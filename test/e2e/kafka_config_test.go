//go:build e2e

package e2e

import (
	"context"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/yaml"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

// admit gives the adapter the files and the configuration for the secure cluster. Both are taken away again with the test.
func (s *stage) admit(t *testing.T, tokens *httptest.Server) {
	t.Helper()
	files := map[string][]byte{
		"password":   []byte(bed.SecurePassword + "\n"), // as echo writes it
		"rotated":    []byte(wrongPassword),
		"tokens.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tokens.Certificate().Raw}),
	}
	for _, name := range []string{"ca.crt", "client.crt", "client.key", "client.keytab", "krb5.conf"} {
		data, err := os.ReadFile(s.File(name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	secrets := cluster.Client.CoreV1().Secrets(adapterNamespace)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: adapterSecret}, Data: files}
	if _, err := secrets.Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	was := configuration(t)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		configure(ctx, t, was)
		if err := secrets.Delete(ctx, adapterSecret, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		// Without the label cluster, as the other tests ask: the one cluster is the only one again.
		selector := "group=" + bed.SampleGroup
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) { // between two looks
			_, err := read(ctx, lagMetric, selector)
			if err == nil || !strings.Contains(err.Error(), "several Kafka clusters") {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("the clusters are still there: %v", err)
			}
		}
	})
	template, err := os.ReadFile(filepath.Join("testdata", "kafka-clusters.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{
		"SASL": strings.Join(s.SASL, ", "), "MTLS": strings.Join(s.MTLS, ", "), "TOKENS": tokens.URL,
		// Where the Secret is in the pod: a local process has no root of its own, and nobody rewrites what its configuration says.
		"FILES": cluster.Dir(filepath.Join("node", "pods", string(replicasOfAdapter(t)[0].UID), "volumes", adapterVolume)),
	}
	var more []any
	if err := yaml.Unmarshal([]byte(os.Expand(string(template), func(name string) string { return values[name] })), &more); err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := yaml.Unmarshal([]byte(was), &config); err != nil {
		t.Fatal(err)
	}
	kafka := config["kafka"].(map[string]any)
	kafka["clusters"] = append(kafka["clusters"].([]any), more...)
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	configure(t.Context(), t, string(text))
}

// configuration is the adapter's config.yaml.
func configuration(t *testing.T) string {
	t.Helper()
	configMap, err := cluster.Client.CoreV1().ConfigMaps(adapterNamespace).Get(t.Context(), adapterConfig, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return configMap.Data["config.yaml"]
}

func configure(ctx context.Context, t *testing.T, text string) {
	t.Helper()
	configMaps := cluster.Client.CoreV1().ConfigMaps(adapterNamespace)
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		configMap, err := configMaps.Get(ctx, adapterConfig, metav1.GetOptions{})
		if err != nil {
			return err
		}
		configMap.Data["config.yaml"] = text
		_, err = configMaps.Update(ctx, configMap, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// setFile changes one file of the adapter's Secret.
func setFile(t *testing.T, name, content string) {
	t.Helper()
	secrets := cluster.Client.CoreV1().Secrets(adapterNamespace)
	secret, err := secrets.Get(t.Context(), adapterSecret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	secret.Data[name] = []byte(content)
	if _, err := secrets.Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) aBadConfigurationIsRefused(t *testing.T) {
	good := configuration(t)
	eventually(t, rounds, "the good configuration shows", eachSays("flink_hpa_config_last_reload_successful 1"))
	configure(t.Context(), t, strings.Replace(good, "kafka:\n", "kafka:\n  colour: red\n", 1))
	eventually(t, rounds, "the bad one shows", eachSays("flink_hpa_config_last_reload_successful 0"))
	for _, log := range adapterLogs(t) {
		if n := strings.Count(log, "colour"); n != 1 {
			t.Errorf("the log names the unknown field %d times, not once", n)
		}
	}
	if err := reads("cluster=secure,group=quiet-0", quietLag)(t.Context()); err != nil {
		t.Errorf("while the bad configuration stands: %v", err)
	}
	configure(t.Context(), t, good)
	eventually(t, rounds, "the good configuration shows again", eachSays("flink_hpa_config_last_reload_successful 1"))
	if err := reads("cluster=secure,group=quiet-0", quietLag)(t.Context()); err != nil {
		t.Error(err)
	}
}
