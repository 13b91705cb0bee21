//go:build e2e

package e2e

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/flinkrest"
)

func TestTheRunningJobHasWhatItsManifestsDoNotSay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(cluster.root, "manifests", "samples", "flink-reactive", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the sample's files: %v %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"scheduler-mode", "heartbeat.", "restart-strategy", "tolerable"} {
			if strings.Contains(string(data), word) {
				t.Errorf("%s says %s itself", file, word)
			}
		}
	}
	config, err := cluster.flink.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"scheduler-mode": "reactive", "heartbeat.timeout": "8000", "heartbeat.interval": "2000",
		"restart-strategy.type": "fixed-delay", "execution.checkpointing.tolerable-failed-checkpoints": "3",
	} {
		if config[key] != want {
			t.Errorf("the JobManager runs with %s=%q, want %q", key, config[key], want)
		}
	}
	pod, err := podOf(t.Context(), bed.SampleNamespace, "component=taskmanager")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pod.Annotations["flink-hpa.dev/injected"], "heartbeat.interval=2000,heartbeat.timeout=8000"; got != want {
		t.Errorf("the TaskManager's annotation is %q, want %q", got, want)
	}
}

func TestAUsersOwnSettingsSurviveBesideAnotherJob(t *testing.T) {
	apply(t, "own-settings.yaml")
	var config map[string]string
	eventually(t, 2*time.Minute, "the JobManager answers", func(ctx context.Context) error {
		service, err := cluster.Client.CoreV1().Services("own-settings").Get(ctx, "flink-jobmanager", metav1.GetOptions{})
		if err != nil {
			return err
		}
		config, err = flinkrest.New(net.JoinHostPort(service.Spec.ClusterIP, "8081")).Config(ctx)
		return err
	})
	for key, want := range map[string]string{
		"scheduler-mode": "reactive", "heartbeat.timeout": "12000", "heartbeat.interval": "3000", "execution.checkpointing.interval": "7s",
	} {
		if config[key] != want {
			t.Errorf("the JobManager runs with %s=%q, want %q", key, config[key], want)
		}
	}
	pod, err := podOf(t.Context(), "own-settings", "component=jobmanager")
	if err != nil {
		t.Fatal(err)
	}
	for _, own := range []string{"heartbeat.", "execution.checkpointing.interval="} {
		if injected := pod.Annotations["flink-hpa.dev/injected"]; injected == "" || strings.Contains(injected, own) {
			t.Errorf("injected is %q, with %s in it or nothing", injected, own)
		}
	}
	if _, err := cluster.flink.Job(t.Context()); err != nil {
		t.Errorf("the sample's JobManager, on the same port at another address: %v", err)
	}
}
