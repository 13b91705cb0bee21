// Package flinkconf knows Flink's configuration from outside: option keys and the names they have had from 1.13 to 2.3, and what
// command-line arguments and FLINK_PROPERTIES set.
package flinkconf

// Option keys, each under the name that works in every version from 1.13 to 2.3: older versions ignore the names they don't know,
// newer ones still read the old names.
const (
	SchedulerMode      = "scheduler-mode"
	HeartbeatTimeout   = "heartbeat.timeout"
	HeartbeatInterval  = "heartbeat.interval"
	CheckpointInterval = "execution.checkpointing.interval"
	// CheckpointBacklogInterval must not be below CheckpointInterval, or the job doesn't start; since 1.19.
	CheckpointBacklogInterval    = "execution.checkpointing.interval-during-backlog"
	CheckpointMinPause           = "execution.checkpointing.min-pause"
	CheckpointTolerableFailures  = "execution.checkpointing.tolerable-failed-checkpoints"
	CheckpointRetention          = "execution.checkpointing.externalized-checkpoint-retention"
	RestartStrategy              = "restart-strategy"
	RestartFixedDelayAttempts    = "restart-strategy.fixed-delay.attempts"
	RestartFixedDelay            = "restart-strategy.fixed-delay.delay"
	ResourceStabilizationTimeout = "jobmanager.adaptive-scheduler.resource-stabilization-timeout"
	// ScalingIntervalMin is the cooldown after a rescale; since 1.18.
	ScalingIntervalMin = "jobmanager.adaptive-scheduler.scaling-interval.min"
	// ScalingIntervalMax must exceed ScalingIntervalMin, or the job doesn't start; 1.18 to 1.20.
	ScalingIntervalMax = "jobmanager.adaptive-scheduler.scaling-interval.max"
	// ExecutingStabilizationTimeout delays each scale-up, in reactive mode too; since 2.0.
	ExecutingStabilizationTimeout = "jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout"
	// RescaleMaxDelay is the longest wait for a checkpoint before a rescale; since 2.0.
	RescaleMaxDelay = "jobmanager.adaptive-scheduler.rescale-trigger.max-delay"
)

// Names lists all names that Flink has had for the option key: key itself, then the newer ones, which win over it.
func Names(key string) []string {
	switch key {
	case RestartStrategy: // 1.19
		return []string{key, "restart-strategy.type"}
	case ResourceStabilizationTimeout: // 2.0
		return []string{key, "jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout"}
	case ScalingIntervalMin: // 2.0
		return []string{key, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling"}
	default:
		return []string{key}
	}
}
