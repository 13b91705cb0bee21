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

// adapterPod is the adapter's pod, which must be the same from the first test to the last.
func adapterPod(t *testing.T) corev1.Pod {
	t.Helper()
	pod, err := podOf(t.Context(), adapterNamespace, "app.kubernetes.io/name="+adapterConfig)
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

func adapterLog(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(cluster.Logs, adapterNamespace, adapterPod(t).Name, "*.log"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no log of the adapter: %v", err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// ownMetrics is what the adapter says about itself, to Prometheus.
func ownMetrics(ctx context.Context) (string, error) {
	pod, err := podOf(ctx, adapterNamespace, "app.kubernetes.io/name="+adapterConfig)
	if err != nil {
		return "", err
	}
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

// says is content when the adapter's own metrics have that line.
func says(line string) func(context.Context) error {
	return func(ctx context.Context) error {
		text, err := ownMetrics(ctx)
		if err == nil && !strings.Contains("\n"+text, "\n"+line+"\n") {
			err = fmt.Errorf("its metrics lack %q", line)
		}
		return err
	}
}
