//go:build e2e

package e2e

import (
	"context"
	"testing"
	"time"

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
