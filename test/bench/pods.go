package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

// namespace is where the pods would be.
const namespace = "bench"

// pod is one to create, and where Flink's settings in it are.
type pod struct {
	*corev1.Pod
	settings string
}

// preparePods makes the namespace with what pods need there: the sample's ConfigMap, which the webhook may read. The pods
// are the sample's JobManager, and the same without its ConfigMap.
func preparePods(ctx context.Context, b *bed.Bed, sample string) ([]pod, error) {
	if err := createNamespace(ctx, b.Client, namespace); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"apply", "-n", namespace, "-f", filepath.Join(sample, "config.yaml")},
		{"create", "rolebinding", "-n", namespace, "flink-hpa-webhook-reader",
			"--clusterrole=flink-hpa-webhook-reader", "--serviceaccount=flink-hpa:flink-hpa-webhook"},
	} {
		if _, err := b.Run(ctx, args...); err != nil {
			return nil, err
		}
	}
	mounted, err := jobManager(filepath.Join(sample, "jobmanager.yaml"))
	if err != nil {
		return nil, err
	}
	plain := mounted.DeepCopy()
	plain.Spec.Volumes, plain.Spec.Containers[0].VolumeMounts = nil, nil
	return []pod{{plain, "args"}, {mounted, "configmap"}}, nil
}

// jobManager is the pod of the Job in a file.
func jobManager(file string) (*corev1.Pod, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	documents := yaml.NewYAMLOrJSONDecoder(f, 4096)
	for {
		var job batchv1.Job
		if err := documents.Decode(&job); errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s has no Job", file)
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if job.Kind == "Job" {
			template := job.Spec.Template
			template.Namespace, template.GenerateName = namespace, job.Name+"-"
			return &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}, nil
		}
	}
}
