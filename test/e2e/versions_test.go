//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/flinkrest"
	"github.com/flink-hpa/flink-hpa/test/load"
)

func TestEachFlinkRunsWithWhatIsInjectedAndWithAllThatItsOwnerSet(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version, namespace string
		own                map[string]string // as the JobManager says it, from testdata/NAMESPACE.yaml
		told               func(*testing.T, flinkJob)
	}{
		{"1.13.6", "flink-1-13", map[string]string{
			"heartbeat.timeout": "20000", "execution.checkpointing.interval": "7 s", "state.checkpoint-storage": "jobmanager",
		}, busyByItsGauges},
		{"1.17.2", "flink-1-17", map[string]string{
			"heartbeat.interval": "4000", "execution.checkpointing.interval": "6000",
			"execution.checkpointing.tolerable-failed-checkpoints": "7",
		}, nil},
		{"1.20.5", "flink-1-20", map[string]string{
			"heartbeat.timeout": "15 s", "heartbeat.interval": "3 s", "execution.checkpointing.interval": "9s",
			"restart-strategy.type": "exponential-delay", "jobmanager.adaptive-scheduler.resource-stabilization-timeout": "2 s",
		}, allThatAJobTells},
		{"2.3.0", "flink-2-3", map[string]string{
			"heartbeat.timeout": "12 s", "execution.checkpointing.tolerable-failed-checkpoints": "5",
			"jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling": "11 s",
		}, nil},
	} {
		t.Run(test.version, func(t *testing.T) {
			t.Parallel()
			if slices.Contains(bed.OldFlinks(), test.version) {
				if err := cluster.FetchFlink(t.Context(), test.version); err != nil {
					t.Fatal(err)
				}
			}
			makeTopic(t, test.namespace)
			apply(t, test.namespace+".yaml")
			flink := runningFlink(t, test.namespace)
			config, err := flink.Config(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for key, want := range test.own {
				if config[key] != want {
					t.Errorf("the owner set %s=%q, the JobManager runs with %q", key, want, config[key])
				}
			}
			injected := injectedInto(t, test.namespace, "component=jobmanager")
			for key, want := range injected {
				if config[key] != want {
					t.Errorf("injected is %s=%q, the JobManager runs with %q", key, want, config[key])
				}
				if _, ok := test.own[key]; ok {
					t.Errorf("%s was injected, which the owner had set", key)
				}
			}
			if injected["scheduler-mode"] != "reactive" {
				t.Errorf("injected is %v, without the reactive scheduler", injected)
			}
			if test.told != nil {
				test.told(t, flinkJob{jobSpec{Name: test.namespace, Topic: test.namespace}, flink})
			}
		})
	}
}

// busyByItsGauges reads what is told of a job whose Flink reports no accumulated times, and which reads nothing of Kafka.
func busyByItsGauges(t *testing.T, j flinkJob) {
	const hardly = 0.3 // some records a second
	asItIs := func(taskManagers float64) {
		t.Helper()
		eventually(t, rounds, "it is hardly busy", j.tells(busyMetric, 0, hardly))
		eventually(t, rounds, "it is idle", j.tells(idleMetric, 1-hardly, 1))
		eventually(t, rounds, "its TaskManagers", j.tells("flink_taskmanagers", taskManagers, taskManagers))
	}
	j.settles(t, 1, 0)
	asItIs(1)
	eventually(t, rounds, "it has no lag", j.refuses([]string{kafkaLagMetric}, "no source of the job"))
	j.rescales(t, 2)
	asItIs(2)
}

// allThatAJobTells reads what is told of the sample's job.
func allThatAJobTells(t *testing.T, j flinkJob) {
	const rate = 100 // records/s: half of what one TaskManager does
	produceTo(t, j.Topic, load.Step{From: rate, To: rate, At: time.Second})
	j.settles(t, 1, 0)
	j.isAsItIs(t, rate, 0.5, 1)
	j.rescales(t, 2)
	j.isAsItIs(t, rate, 0.25, 2)
}

// runningFlink waits until the namespace's job runs on all its TaskManagers.
func runningFlink(t *testing.T, namespace string) *flinkrest.Client {
	t.Helper()
	flink := flinkOf(t, namespace)
	eventually(t, 2*time.Minute, "the job runs", func(ctx context.Context) error {
		job, err := flink.Job(ctx)
		if err != nil {
			return err
		}
		taskManagers, err := flink.TaskManagers(ctx)
		if err == nil && (job.State != "RUNNING" || len(taskManagers) == 0 || job.Parallelism() != len(taskManagers)) {
			err = fmt.Errorf("the job is %s at parallelism %d with %d TaskManagers", job.State, job.Parallelism(), len(taskManagers))
		}
		return err
	})
	return flink
}

// flinkOf asks the JobManager of a namespace.
func flinkOf(t *testing.T, namespace string) *flinkrest.Client {
	t.Helper()
	service, err := cluster.Client.CoreV1().Services(namespace).Get(t.Context(), "flink-jobmanager", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return flinkrest.New(net.JoinHostPort(service.Spec.ClusterIP, "8081"))
}

// injectedInto is what the webhook gave the pod, by the pod's annotation.
func injectedInto(t *testing.T, namespace, selector string) map[string]string {
	t.Helper()
	pod, err := podOf(t.Context(), namespace, selector)
	if err != nil {
		t.Fatal(err)
	}
	injected := map[string]string{}
	for pair := range strings.SplitSeq(pod.Annotations["flink-hpa.dev/injected"], ",") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			t.Fatalf("the annotation of pod %s is %q", pod.Name, pod.Annotations["flink-hpa.dev/injected"])
		}
		injected[key] = value
	}
	return injected
}
