package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

const (
	injectLabel        = "flink-hpa.dev/inject"
	injectedAnnotation = "flink-hpa.dev/injected"
	noWebhook          = "creation without the webhook"
)

// What is measured: pairs of creations, after some that don't count.
const (
	pairs       = 500
	warmUpPairs = 50
)

// Admission measures what the webhook of a bed adds to the creation of a pod. It prints a table.
func Admission(ctx context.Context, b *bed.Bed, root string) ([]Result, error) {
	pods, err := preparePods(ctx, b, filepath.Join(root, "manifests", "samples", "flink-reactive"))
	if err != nil {
		return nil, err
	}
	unlimited := rest.CopyConfig(b.Config)
	unlimited.QPS = -1
	client, err := kubernetes.NewForConfig(unlimited)
	if err != nil {
		return nil, err
	}
	b.Line(admissionHeader, pairs, runtime.NumCPU())
	var results []Result
	for _, pod := range pods {
		t, err := measurePairs(pairs, func(labelled bool) (time.Duration, error) {
			return create(ctx, client, pod.Pod, labelled)
		})
		if err != nil {
			return nil, fmt.Errorf("settings in %s: %w", pod.settings, err)
		}
		b.Line("%s", admissionRow(pod.settings, t))
		results = append(results, admissionResults(pod.settings, t)...)
	}
	memory, err := webhookMemory(ctx, b)
	if err != nil {
		return nil, err
	}
	b.Line("\nThe webhook's memory at its peak, in the replica that used most: %.0f MiB.", memory)
	return append(results, Result{Name: "webhook_rss_mib", Case: fmt.Sprintf("admissions=%d", len(pods)*(pairs+warmUpPairs)), Unit: "MiB", Value: memory}), nil
}

// webhookMemory is the most memory that a replica has had, in MiB.
func webhookMemory(ctx context.Context, b *bed.Bed) (most float64, err error) {
	replicas, err := b.Client.CoreV1().Pods("flink-hpa").List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=flink-hpa-webhook"})
	if err != nil {
		return 0, err
	}
	for _, pod := range replicas.Items {
		pids, err := b.Processes(pod)
		if err != nil {
			return 0, err
		}
		for _, pid := range pids {
			memory, err := residentMemory(pid)
			if err != nil {
				return 0, err
			}
			most = max(most, memory)
		}
	}
	return most, nil
}

const admissionHeader = `
Creation of a standalone-job pod (dry run) through the API server, by turns with and without the webhook's label: %d pairs.
Added is of the differences within the pairs; %d cores for all.

                         without, ms       with, ms          added, ms
 settings in             p50      p99      p50      p99      p50      p99`

func admissionRow(settings string, t timings) string {
	added := t.added()
	return fmt.Sprintf(" %-15s %11.2f%9.2f%9.2f%9.2f%9.2f%9.2f", settings, quantile(t.without, 0.5), quantile(t.without, 0.99),
		quantile(t.with, 0.5), quantile(t.with, 0.99), quantile(added, 0.5), quantile(added, 0.99))
}

func admissionResults(settings string, t timings) []Result {
	var results []Result
	for _, q := range []struct {
		name string
		at   float64
	}{{"admission_added_p50_ms", 0.5}, {"admission_added_p99_ms", 0.99}} {
		results = append(results, Result{
			Name: q.name, Case: "settings=" + settings, Unit: "ms", Value: quantile(t.added(), q.at),
			Baseline: new(quantile(t.without, q.at)), BaselineName: noWebhook,
		})
	}
	return results
}

// create creates a pod that isn't kept, and checks that the webhook changed it, or left it alone where it has no label.
func create(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, labelled bool) (time.Duration, error) {
	pod = pod.DeepCopy()
	if labelled {
		metav1.SetMetaDataLabel(&pod.ObjectMeta, injectLabel, "enabled")
	}
	start := time.Now()
	created, err := client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	if _, injected := created.Annotations[injectedAnnotation]; injected != labelled {
		return 0, fmt.Errorf("label %v, injected %v", labelled, injected)
	}
	return took, nil
}
