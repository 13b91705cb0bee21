package heartbeat

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"text/template"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/flinkrest"
)

//go:embed manifests/kustomization.yaml
var kustomization string

// job is one of the two.
type job struct {
	namespace string // and consumer group
	inject    string // value of the namespace's label flink-hpa.dev/inject
	flink     *flinkrest.Client
}

func jobs() [2]job {
	return [2]job{
		defaults: {namespace: "heartbeat-defaults", inject: "disabled"},
		injected: {namespace: "heartbeat-injected", inject: "enabled"},
	}
}

// apply installs the job and returns a client of its JobManager, which may not answer yet.
func (j job) apply(ctx context.Context, b *bed.Bed, root string) (*flinkrest.Client, error) {
	dir := b.Dir(filepath.Join("manifests", j.namespace))
	sample, err := filepath.Rel(dir, filepath.Join(root, "manifests", "samples", "flink-reactive"))
	if err != nil {
		return nil, err
	}
	t, err := template.New("kustomization").Parse(kustomization)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, map[string]any{
		"Namespace": j.namespace, "Group": j.namespace, "Inject": j.inject, "Sample": sample, "Topic": bed.Topic,
		"TaskManagers": taskManagers,
	}); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), out.Bytes(), 0o644); err != nil {
		return nil, err
	}
	if _, err := b.Run(ctx, "apply", "-k", dir); err != nil {
		return nil, err
	}
	service, err := b.Client.CoreV1().Services(j.namespace).Get(ctx, "flink-jobmanager", metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("the job in %s: %w", j.namespace, err)
	}
	return flinkrest.New(net.JoinHostPort(service.Spec.ClusterIP, "8081")), nil
}
