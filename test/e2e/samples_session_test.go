//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The sample as it is: its pods start with the heartbeats and nothing else, and a job that is submitted runs.
func TestASessionClusterGetsHeartbeatsAlone(t *testing.T) {
	t.Parallel()
	const namespace = "flink-session"
	applyWhole(t, filepath.Join(cluster.root, "manifests", "samples", "flink-session"), namespace)
	flink := flinkOf(t, namespace)
	eventually(t, startsWithin, "the TaskManager has registered", func(ctx context.Context) error {
		ids, err := flink.TaskManagers(ctx)
		if err == nil && len(ids) != 1 {
			err = fmt.Errorf("%d have", len(ids))
		}
		return err
	})
	for component, command := range map[string]string{"component=jobmanager": "jobmanager", "component=taskmanager": "taskmanager"} {
		getsHeartbeatsAlone(t, namespace, component)
		pod, err := podOf(t.Context(), namespace, component)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{command, "-D", "heartbeat.timeout=8000", "-D", "heartbeat.interval=2000"}
		if got := pod.Spec.Containers[0].Args; !slices.Equal(got, want) {
			t.Errorf("the args are %q, not %q", got, want)
		}
	}
	config, err := flink.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if mode, ok := config["scheduler-mode"]; ok || config["heartbeat.timeout"] != "8000" || config["heartbeat.interval"] != "2000" {
		t.Errorf("the JobManager runs with scheduler-mode=%q, heartbeat.timeout=%q, heartbeat.interval=%q",
			mode, config["heartbeat.timeout"], config["heartbeat.interval"])
	}

	makeTopic(t, namespace)
	submit(t, namespace, "demo.LagJob", "--brokers", "kafka.kafka.svc:9092", "--topic", namespace, "--group", namespace)
	eventually(t, startsWithin, "the job runs as it was submitted", func(ctx context.Context) error {
		job, err := flink.Job(ctx)
		if err == nil && (!job.AllRun() || job.Parallelism() != 1) {
			err = fmt.Errorf("it is %s at parallelism %d", job.State, job.Parallelism())
		}
		return err
	})
}

// submit runs the demo's jar on a session cluster, as a person does in Flink's own page.
func submit(t *testing.T, namespace, class string, args ...string) {
	t.Helper()
	service, err := cluster.Client.CoreV1().Services(namespace).Get(t.Context(), "flink-jobmanager", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + service.Spec.ClusterIP + ":8081/jars/"
	jar, err := os.ReadFile(filepath.Join(cluster.root, ".cache", "lag-job", "usrlib", "lag-job.jar"))
	if err != nil {
		t.Fatal(err)
	}
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreateFormFile("jarfile", "lag-job.jar")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(jar); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	var uploaded struct{ Filename string }
	post(t, base+"upload", writer.FormDataContentType(), &form, &uploaded)
	request, err := json.Marshal(map[string]any{"entryClass": class, "programArgsList": args, "parallelism": 1})
	if err != nil {
		t.Fatal(err)
	}
	post(t, base+path.Base(uploaded.Filename)+"/run", "application/json", bytes.NewReader(request), new(struct{}))
}

func post(t *testing.T, url, contentType string, body io.Reader, out any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %s: %s", url, answer.Status, text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatal(err)
	}
}
