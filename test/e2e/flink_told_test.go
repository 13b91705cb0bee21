//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	backpressuredMetric = "flink_backpressured_ratio"
	idleMetric          = "flink_idle_ratio"
	kafkaLagMetric      = "flink_kafka_lag"
	desiredMetric       = "flink_desired_taskmanagers"
)

// settled is how long a job has to run unchanged before its ratios are told: flink.settle and flink.window of the adapter, but for
// what the clocks of the REST answers are rounded by.
const settled = 39 * time.Second

// known is how long after its ratios the rest that is told of a job may take: the ends of its topics are watched from then on.
const known = 90 * time.Second

// ratios are the metrics that are never held.
func ratios() []string { return []string{busyMetric, backpressuredMetric, idleMetric} }

// reasonsToWait are parts of what an error says of a job that starts, restarts or rescales.
func reasonsToWait() []string { return []string{"RUNNING", "settled", "metrics of all subtasks"} }

func (j flinkJob) read(ctx context.Context, metric string) (float64, error) {
	return readIn(ctx, j.Name, metric, jobManagerLabels)
}

// tells is content when the metric is low to high.
func (j flinkJob) tells(metric string, low, high float64) func(context.Context) error {
	return func(ctx context.Context) error {
		got, err := j.read(ctx, metric)
		if err == nil && (got < low || got > high) {
			err = fmt.Errorf("it is %v, not %v to %v", got, low, high)
		}
		return err
	}
}

// refuses is content when none of the metrics is told, each for a reason that has one of these words in it.
func (j flinkJob) refuses(metrics []string, words ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, metric := range metrics {
			got, err := j.read(ctx, metric)
			if err == nil {
				return fmt.Errorf("%s is %v", metric, got)
			}
			if !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(err.Error(), word) }) {
				return fmt.Errorf("the error has none of %q in it: %w", words, err)
			}
		}
		return nil
	}
}

// isAsItIs compares what is told of a job that keeps up with what it is known to do.
func (j flinkJob) isAsItIs(t *testing.T, rate, busy float64, taskManagers int) {
	t.Helper()
	n := float64(taskManagers)
	for _, metric := range []struct {
		name      string
		low, high float64
	}{
		{busyMetric, busy - 0.1, busy + 0.1},
		{idleMetric, 1 - busy - 0.1, 1 - busy + 0.1},
		{backpressuredMetric, 0, 0.1},
		{kafkaLagMetric, 0, 3 * rate},
		{"flink_pending_records", 0, 3 * rate},
		{"flink_records_in_per_second", 0.85 * rate, 1.15 * rate},
		{"flink_event_time_lag_seconds", 0, 5},
		{"flink_heap_used_ratio", 0.01, 0.99},
		{"flink_gc_time_ratio", 0, 0.5},
		{"flink_cpu_load", 0, 1},
		{"flink_taskmanagers", n, n},
		{"flink_restarts", 0, 100},
	} {
		eventually(t, known, metric.name+" of job "+j.Name, j.tells(metric.name, metric.low, metric.high))
	}
}

// rescales gives the job another number of TaskManagers, and returns when it has settled with them. Meanwhile the TaskManagers
// wanted stay what they are now, or unknown.
func (j flinkJob) rescales(t *testing.T, taskManagers int) {
	t.Helper()
	desired, err := j.read(t.Context(), desiredMetric)
	if err != nil {
		desired = 0
	}
	scale(t, j.Name, "deployment/flink-taskmanager", taskManagers)
	eventually(t, time.Minute, "the ratios are refused while job "+j.Name+" rescales", j.refuses(ratios(), reasonsToWait()...))
	j.settles(t, taskManagers, desired)
}

// settles waits until the ratios of a job that has just started or changed are told again, and sees to it that no number is from a
// job that has not settled. Meanwhile the TaskManagers wanted stay at desired; 0: they are not known yet either.
func (j flinkJob) settles(t *testing.T, parallelism int, desired float64) {
	t.Helper()
	what := fmt.Sprintf("the ratios of job %s at parallelism %d", j.Name, parallelism)
	eventually(t, 4*time.Minute, what, func(ctx context.Context) error {
		for _, metric := range ratios() {
			value, err := j.read(ctx, metric)
			if err != nil {
				j.holds(t, desired)
				return err
			}
			job, err := j.flink.Job(ctx)
			if err != nil {
				t.Fatalf("%s is told as %v, while the JobManager says: %v", metric, value, err)
			}
			if runs := time.Since(job.RunningFrom); !job.AllRun() || runs < settled {
				t.Fatalf("%s is told as %v of a job that is %s since %s", metric, value, job.State, runs.Round(time.Second))
			}
			if job.Parallelism() != parallelism {
				return fmt.Errorf("the job runs at parallelism %d", job.Parallelism()) // for now
			}
		}
		return nil
	})
}

// holds sees to it that the TaskManagers wanted are what they were, while the ratios are not told; 0: that they are not told either.
func (j flinkJob) holds(t *testing.T, desired float64) {
	t.Helper()
	got, err := j.read(t.Context(), desiredMetric)
	if desired > 0 && err == nil && got == desired || desired == 0 && err != nil {
		return
	}
	if _, told := j.read(t.Context(), busyMetric); told == nil {
		return // the job has settled between the two looks
	}
	t.Fatalf("%s of job %s is %v, %v while the job settles; it was %v", desiredMetric, j.Name, got, err, desired)
}
