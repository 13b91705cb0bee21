//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
)

func TestLagBringsReplicasUpAndTheirNumberFallsWhenItIsGone(t *testing.T) {
	holdAt(t, 1)
	// One TaskManager takes 400 records/s: what comes in 30 s is a lag of some 25,000 records.
	burst := load.Step{From: 1300, To: 0, At: 30 * time.Second}
	generator := produce(t, burst)
	scaleOn(t, lagTarget("5000"))
	eventually(t, 3*time.Minute, "lag brings replicas up", wants(3, 4))
	eventually(t, 3*time.Minute, "the job takes the TaskManagers", func(ctx context.Context) error {
		if runsAt(3)(ctx) == nil {
			return nil
		}
		return runsAt(4)(ctx)
	})
	eventually(t, 4*time.Minute, "replicas fall when the lag is gone", wants(1, 1))
	eventually(t, 2*time.Minute, "the job goes on with one TaskManager", runsAt(1))
	if generator.Sent() == 0 {
		t.Error("no record was produced")
	}
}

func TestBusyRatioAloneScales(t *testing.T) {
	holdAt(t, 1)
	produce(t, load.Step{From: 360, To: 360, At: time.Second})
	scaleOn(t, busyTarget("700m"))
	eventually(t, 3*time.Minute, "a busy job gets another TaskManager", wants(2, 2))
	eventually(t, 2*time.Minute, "the job takes it", runsAt(2))
}

func TestAJobSleepsWithoutLagAndWakesWithIt(t *testing.T) {
	holdAt(t, 1)
	someRecords(t)
	before, err := cluster.flink.Job(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	scaleOn(t, lagTarget("5000"))
	least(t, 0)
	t.Cleanup(func() { least(t, 1) })
	eventually(t, 3*time.Minute, "a job without lag loses its last TaskManager", wants(0, 0))
	eventually(t, time.Minute, "the job waits for resources", func(ctx context.Context) error {
		job, err := cluster.flink.Job(ctx)
		if err == nil && (job.ID != before.ID || job.State == "RUNNING") {
			err = fmt.Errorf("job %s is %s; before it was job %s", job.ID, job.State, before.ID)
		}
		return err
	})
	eventually(t, time.Minute, "it has no ratio", func(ctx context.Context) error {
		if answer, err := raw(ctx, bed.SampleNamespace, busyMetric, "app%3Dflink%2Ccomponent%3Djobmanager"); err == nil {
			return fmt.Errorf("the answer is %s", answer)
		}
		return nil
	})
	always(t, 15*time.Second, "it sleeps", wants(0, 0))
	someRecords(t)
	eventually(t, time.Minute, "lag wakes it", wants(1, 4))
	eventually(t, 3*time.Minute, "the same job goes on", func(ctx context.Context) error {
		job, err := cluster.flink.Job(ctx)
		if err == nil && (job.ID != before.ID || job.State != "RUNNING") {
			err = fmt.Errorf("job %s is %s; before it was job %s", job.ID, job.State, before.ID)
		}
		return err
	})
}

// least sets the sample's HPA's minReplicas. It also works in a cleanup, when the test's own context has ended.
func least(t *testing.T, replicas int) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"minReplicas":%d}}`, replicas)
	if _, err := cluster.Run(context.WithoutCancel(t.Context()), "patch", "-n", bed.SampleNamespace, "hpa/"+bed.SampleTaskManager, "-p", patch); err != nil {
		t.Fatal(err)
	}
}
