//go:build e2e

package e2e

import (
	"context"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/test/load"
)

func TestAJobIsToldOfTrulyAtEachSize(t *testing.T) {
	t.Parallel()
	const rate = 100 // records/s: half of what one TaskManager does
	j := startJob(t, jobSpec{Name: "flink-life", Topic: "life", TaskManagers: 1, Micros: 5000})
	j.runs(t)
	_, stop := produceTo(t, j.Topic, load.Step{From: rate, To: rate, At: time.Second})
	j.settles(t, 1, 0)
	j.isAsItIs(t, rate, 0.5, 1)

	j.rescales(t, 2)
	j.isAsItIs(t, rate, 0.25, 2)
	eventually(t, known, "one TaskManager would be enough", j.tells(desiredMetric, 1, 1))
	j.rescales(t, 1)
	j.isAsItIs(t, rate, 0.5, 1)

	stop()
	eventually(t, rounds, "nothing is left to read", j.tells(kafkaLagMetric, 0, 0))
	eventually(t, time.Minute, "nothing is read", j.tells("flink_records_in_per_second", 0, 0))
}

func TestAJobThatFailsIsNotToldOf(t *testing.T) {
	t.Parallel()
	j := startJob(t, jobSpec{
		Name: "flink-failing", Topic: "failing", TaskManagers: 1, Micros: 5000, Options: []string{"--poison-key", "poison"},
	})
	j.runs(t)
	produceTo(t, j.Topic, load.Step{From: 100, To: 100, At: time.Second})
	j.settles(t, 1, 0)
	eventually(t, known, "one TaskManager is enough", j.tells(desiredMetric, 1, 1))

	send(t, j.Topic, "poison", 1)
	failing := j.refuses(ratios(), reasonsToWait()...)
	eventually(t, time.Minute, "the ratios are refused once the job fails", failing)
	always(t, 15*time.Second, "the job fails again and again", func(ctx context.Context) error {
		j.holds(t, 1)
		return failing(ctx)
	})

	job, err := j.flink.Job(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.flink.Cancel(t.Context(), job.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "nothing is told of a job that was cancelled",
		j.refuses(append(ratios(), kafkaLagMetric, desiredMetric), "no running pod"))
}

func TestAJobThatLosesTaskManagersIsToldOfWhenItHasSettled(t *testing.T) {
	t.Parallel()
	const rate = 220 // records/s: too many for one TaskManager, which does 200
	j := startJob(t, jobSpec{Name: "flink-losses", Topic: "losses", TaskManagers: 2, Micros: 5000})
	j.runs(t)
	produceTo(t, j.Topic, load.Step{From: rate, To: rate, At: time.Second})
	j.settles(t, 2, 0)
	eventually(t, known, "two TaskManagers are wanted", j.tells(desiredMetric, 2, 2))
	j.isAsItIs(t, rate, 0.55, 2)

	j.signal(t, 0, syscall.SIGKILL)
	eventually(t, 30*time.Second, "the ratios are refused once a TaskManager is lost", j.refuses(ratios(), reasonsToWait()...))
	j.settles(t, 2, 2)

	j.signal(t, 1, syscall.SIGSTOP)
	eventually(t, 30*time.Second, "the ratios are refused once a TaskManager is silent", j.refuses(ratios(), reasonsToWait()...))
	j.settles(t, 1, 2)
	eventually(t, rounds, "the one that is left has all to do", j.tells(busyMetric, 0.9, 1))
	eventually(t, rounds, "more are wanted", j.tells(desiredMetric, 2, 4))
}

func TestAJobThatFinishesIsNotToldOfAnyMore(t *testing.T) {
	t.Parallel()
	spec := jobSpec{
		Name: "flink-bounded", Topic: "bounded", TaskManagers: 1, Micros: 5000, Options: []string{"--bounded"},
		Settings: []string{"execution.shutdown-on-application-finish=false"}, // so that the JobManager stays, to be asked
	}
	makeTopic(t, spec.Topic)
	send(t, spec.Topic, "key", 15_000) // 75 s of work
	j := startJob(t, spec)
	j.runs(t)
	eventually(t, 2*time.Minute, "the job is told of while it runs", j.tells(busyMetric, 0.9, 1))
	eventually(t, 2*time.Minute, "its end is told", j.refuses(ratios(), "no job is running"))
	always(t, 5*time.Second, "its end is told", j.refuses(ratios(), "no job is running"))
}

// signal sends a signal to the TaskManager that is number i by its pod's name.
func (j flinkJob) signal(t *testing.T, i int, signal syscall.Signal) {
	t.Helper()
	pods, err := cluster.Client.CoreV1().Pods(j.Name).List(t.Context(), metav1.ListOptions{LabelSelector: "component=taskmanager"})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	if err := cluster.Signal(pods.Items[i], signal); err != nil {
		t.Fatal(err)
	}
}
