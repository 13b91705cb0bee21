package rest

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"
)

// Checkpoints is how the job's checkpoints have fared since it was submitted, as far back as the JobManager remembers
// (web.checkpoints.history, 10 by default).
type Checkpoints struct {
	Completed int64  // trigger time of the newest completed one, savepoints apart
	Failed    int64  // when the newest failed one failed; one that the job's restart or rescale ended doesn't count
	Failure   string // Flink's reason for that failure: constant text
	Restored  int64  // when the job was last restored from one
}

// Checkpoints is GET /jobs/:id/checkpoints. The error wraps ErrNoCheckpoints for a job without.
func (c *Client) Checkpoints(ctx context.Context, to Target, job string) (Checkpoints, error) {
	return get(ctx, c, to, RequestCheckpoints, "/jobs/"+job+"/checkpoints", "", checkpointsAnswer.checkpoints)
}

type checkpointsAnswer struct {
	Latest *struct {
		Completed *checkpoint `json:"completed"`
		Failed    *checkpoint `json:"failed"`
		Restored  *struct {
			At int64 `json:"restore_timestamp"`
		} `json:"restored"`
	} `json:"latest"`
	History []checkpoint `json:"history"`
}

type checkpoint struct {
	Triggered int64  `json:"trigger_timestamp"`
	Failed    int64  `json:"failure_timestamp"` // of failed ones only
	Failure   string `json:"failure_message"`
	Savepoint bool   `json:"is_savepoint"`
}

func (a checkpointsAnswer) checkpoints() (Checkpoints, error) {
	if a.Latest == nil {
		return Checkpoints{}, lacking("latest")
	}
	var found Checkpoints
	if a.Latest.Completed != nil {
		found.Completed = a.Latest.Completed.Triggered
	}
	if a.Latest.Restored != nil {
		found.Restored = a.Latest.Restored.At
	}
	failed := a.History
	if a.Latest.Failed != nil {
		failed = append(slices.Clone(failed), *a.Latest.Failed)
	}
	for _, one := range failed {
		if reason := reasonOf(one.Failure); one.Failed > found.Failed && !one.Savepoint && !slices.Contains(endings(), reason) {
			found.Failed, found.Failure = one.Failed, reason
		}
	}
	return found, nil
}

// reasonOf is the part of a failure's message that is the same each time: what comes before names checkpoints and tasks.
func reasonOf(message string) string {
	const before = "Failure reason: "
	if i := strings.LastIndex(message, before); i >= 0 {
		message = message[i+len(before):]
	}
	first, _, _ := strings.Cut(message, "\n")
	return strings.TrimSpace(first)
}

// endings are Flink's reasons for a checkpoint that did not complete because the job or a task ended or had not begun, or
// because a newer one overtook it. None of them counts against execution.checkpointing.tolerable-failed-checkpoints.
func endings() []string {
	return []string{
		"Checkpoint Coordinator is suspending.",
		"CheckpointCoordinator shutdown.",
		"Periodic checkpoint scheduler is shut down.",
		"The job has failed.",
		"FailoverRegion is restarting.",
		"Task has failed.",
		"Not all required tasks are currently running.",
		"Checkpoint was declined (tasks not ready)",
		"Checkpoint was declined (task is closing)",
		"Checkpoint was declined (task's operators partially closed)",
		"Checkpoint was declined because one input stream is finished",
		"Task received cancellation from one of its inputs",
		"Checkpoint was canceled because a barrier from newer checkpoint was received.",
		"Checkpoint has been subsumed.",
	}
}

// CheckpointConfig is how checkpoints are set up.
type CheckpointConfig struct {
	Interval time.Duration // 0: there are none but those that somebody triggers
	Timeout  time.Duration // after which one has failed
}

// CheckpointConfig is GET /jobs/:id/checkpoints/config. The error wraps ErrNoCheckpoints for a job without.
func (c *Client) CheckpointConfig(ctx context.Context, to Target, job string) (CheckpointConfig, error) {
	return get(ctx, c, to, RequestCheckpointConfig, "/jobs/"+job+"/checkpoints/config", "", checkpointConfigAnswer.config)
}

type checkpointConfigAnswer struct {
	Interval *int64 `json:"interval"` // ms
	Timeout  *int64 `json:"timeout"`  // ms
}

// longest is what no time of Flink's can exceed here; Flink writes the largest number for an interval that isn't set.
const longest = math.MaxInt64 / int64(time.Millisecond)

func (a checkpointConfigAnswer) config() (CheckpointConfig, error) {
	switch {
	case a.Interval == nil:
		return CheckpointConfig{}, lacking("interval")
	case a.Timeout == nil:
		return CheckpointConfig{}, lacking("timeout")
	}
	config := CheckpointConfig{Timeout: time.Duration(min(*a.Timeout, longest)) * time.Millisecond}
	if *a.Interval > 0 && *a.Interval < longest {
		config.Interval = time.Duration(*a.Interval) * time.Millisecond
	}
	return config, nil
}
