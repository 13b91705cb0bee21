//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"text/template"
	"time"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/flinkrest"
	"github.com/flink-hpa/flink-hpa/test/load"
)

const jobManagerLabels = "app=flink,component=jobmanager"

// startsWithin is how long a job may take to run, where many start on two cores.
const startsWithin = 4 * time.Minute

// jobSpec says what a job has that the sample's has not.
type jobSpec struct {
	Name         string // of its namespace and its consumer group
	Topic        string // which is made, unless it is there
	TaskManagers int
	Scaled       bool     // by the HPA of the sample hpa-desired, from one TaskManager
	Micros       int      // microseconds of work for each record
	Settings     []string // of Flink, key=value
	RESTTLS      string   // name that the certificate of its REST is for; empty: plain http
	Options      []string // of the job
	Process      string   // size of a TaskManager's process, which is to be what is advised; empty: the sample's
}

// flinkJob is a job of a test's own.
type flinkJob struct {
	jobSpec
	flink *flinkrest.Client
}

// startJob installs a job, which is removed with the test. It does not wait for it.
func startJob(t *testing.T, spec jobSpec) flinkJob {
	t.Helper()
	makeTopic(t, spec.Topic)
	dir := cluster.Dir(filepath.Join("manifests", spec.Name))
	samples, err := filepath.Rel(dir, filepath.Join(cluster.root, "manifests", "samples"))
	if err != nil {
		t.Fatal(err)
	}
	kustomization, err := template.ParseFiles(filepath.Join("testdata", "flink-job.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := kustomization.Execute(&out, struct {
		jobSpec
		Samples string
	}{spec, samples}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if spec.Process != "" {
		config, err := os.ReadFile(filepath.Join(cluster.root, "manifests", "samples", "flink-reactive", "config.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		config = bytes.Replace(config, []byte("size: 600m"), []byte("size: "+spec.Process), 1)
		if err := os.WriteFile(filepath.Join(dir, "config.yaml"), config, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := cluster.Run(t.Context(), "apply", "-k", dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := cluster.Run(context.WithoutCancel(t.Context()), "delete", "namespace", spec.Name, "--wait=false"); err != nil {
			t.Error(err)
		}
	})
	return flinkJob{spec, flinkOf(t, spec.Name)}
}

// runs waits until the job runs on all its TaskManagers. A load that begins then has not to be caught up with.
func (j flinkJob) runs(t *testing.T) {
	t.Helper()
	eventually(t, startsWithin, "job "+j.Name+" runs", func(ctx context.Context) error {
		job, err := j.flink.Job(ctx)
		if err == nil && (!job.AllRun() || job.Parallelism() != j.TaskManagers) {
			err = fmt.Errorf("it is %s at parallelism %d", job.State, job.Parallelism())
		}
		return err
	})
}

// makeTopic makes a topic like the sample's, unless it is there.
func makeTopic(t *testing.T, topic string) {
	t.Helper()
	client, err := load.Connect([]string{cluster.Kafka})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := load.CreateTopic(t.Context(), client, topic, bed.Partitions); err != nil {
		t.Fatal(err)
	}
}

// send writes n records with one key, and so to one partition.
func send(t *testing.T, topic, key string, n int) {
	t.Helper()
	client, err := load.Connect([]string{cluster.Kafka})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	producer, err := sarama.NewSyncProducerFromClient(client)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	records := make([]*sarama.ProducerMessage, n)
	for i := range records {
		records[i] = &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(key), Value: sarama.StringEncoder("record")}
	}
	if err := producer.SendMessages(records); err != nil {
		t.Fatal(err)
	}
}
