//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// Names in manifests/base/adapter.
const (
	adapterNamespace = "flink-hpa"
	adapterConfig    = "flink-hpa-adapter" // ConfigMap, Deployment, Service
	adapterSecret    = "flink-hpa-kafka"   // mounted when it is there
	adapterVolume    = "kafka"             // where
)

// adapterPods are the adapter's replicas, by name.
func adapterPods(ctx context.Context) ([]corev1.Pod, error) {
	pods, err := cluster.Client.CoreV1().Pods(adapterNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + adapterConfig})
	if err != nil {
		return nil, err
	}
	if len(pods.Items) == 0 {
		return nil, errors.New("the adapter has no pods")
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods.Items, nil
}

// replicasOfAdapter are those pods, which must be the same from the first test to the last.
func replicasOfAdapter(t *testing.T) []corev1.Pod {
	t.Helper()
	pods, err := adapterPods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return pods
}

// adapterLogs is the log of each replica.
func adapterLogs(t *testing.T) []string {
	t.Helper()
	var logs []string
	for _, pod := range replicasOfAdapter(t) {
		files, err := filepath.Glob(filepath.Join(cluster.Logs, adapterNamespace, pod.Name, "*.log"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no log of %s: %v", pod.Name, err)
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		logs = append(logs, string(data))
	}
	return logs
}

// ownMetrics is what a replica says about itself, to Prometheus.
func ownMetrics(ctx context.Context, pod corev1.Pod) (string, error) {
	secret, err := cluster.Client.CoreV1().Secrets(adapterNamespace).Get(ctx, "flink-hpa-adapter-tls", metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	config := rest.CopyConfig(cluster.Config)
	config.CAFile, config.CAData, config.ServerName = "", secret.Data["ca.crt"], adapterConfig+"."+adapterNamespace+".svc"
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+pod.Status.PodIP+":6443/metrics", nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), errors.Join(err, response.Body.Close())
}

// says is content when the own metrics of one replica have that line: of what it was asked for.
func says(line string) func(context.Context) error {
	return saying(line, func(have, _ int) bool { return have > 0 })
}

// eachSays is content when those of each replica have it.
func eachSays(line string) func(context.Context) error {
	return saying(line, func(have, replicas int) bool { return have == replicas })
}

func saying(line string, enough func(have, replicas int) bool) func(context.Context) error {
	return func(ctx context.Context) error {
		pods, err := adapterPods(ctx)
		if err != nil {
			return err
		}
		have := 0
		for _, pod := range pods {
			text, err := ownMetrics(ctx, pod)
			if err != nil {
				return err
			}
			if strings.Contains("\n"+text, "\n"+line+"\n") {
				have++
			}
		}
		if !enough(have, len(pods)) {
			return fmt.Errorf("%q is in the metrics of %d of %d replicas", line, have, len(pods))
		}
		return nil
	}
}
