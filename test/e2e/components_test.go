//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the kustomize components make of the base. They are rendered, not applied: cert-manager isn't on the bed.
func TestComponents(t *testing.T) {
	for _, test := range []struct {
		component string
		has, not  []string
	}{
		{"cert-manager", []string{
			"inject-ca-from: flink-hpa/flink-hpa-adapter\n  labels:\n    app.kubernetes.io/part-of: flink-hpa\n  name: v1beta1.external.metrics.k8s.io",
			"kind: MutatingWebhookConfiguration\nmetadata:\n  annotations:\n    cert-manager.io/inject-ca-from: flink-hpa/flink-hpa-webhook",
			"kind: ValidatingWebhookConfiguration\nmetadata:\n  annotations:\n    cert-manager.io/inject-ca-from: flink-hpa/flink-hpa-webhook",
			"secretName: flink-hpa-adapter-cert", "secretName: flink-hpa-webhook-cert", "--tls-private-key-file=/etc/flink-hpa-tls/tls.key",
		}, []string{"kind: Secret", "--tls-secret", "flink-hpa-adapter-tls", "flink-hpa-webhook-tls", "ca-bundle"}},
		{"keda", []string{
			"--apiservice=\n", "--keda-bind-address=[$(POD_IP)]:6444", "--keda-client-ca-file=/etc/flink-hpa-keda/ca.crt", "containerPort: 6444", "clusterIP: None", "secretName: flink-hpa-keda",
		}, []string{"kind: APIService", "flink-hpa-adapter:apiservice"}},
		{"read-configmaps", []string{"kind: ClusterRoleBinding\nmetadata:\n  labels:\n    app.kubernetes.io/part-of: flink-hpa\n  name: flink-hpa-webhook-reader"}, nil},
	} {
		t.Run(test.component, func(t *testing.T) {
			overlay := t.TempDir()
			manifests, err := filepath.Rel(overlay, filepath.Join(cluster.root, "manifests"))
			if err != nil {
				t.Fatal(err)
			}
			content := "resources: [" + manifests + "/base]\ncomponents: [" + manifests + "/components/" + test.component + "]\n"
			if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			rendered, err := cluster.Run(t.Context(), "kustomize", overlay)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range test.has {
				if !strings.Contains(rendered, want) {
					t.Errorf("it lacks %q", want)
				}
			}
			for _, not := range test.not {
				if strings.Contains(rendered, not) {
					t.Errorf("it has %q still", not)
				}
			}
		})
	}
}
