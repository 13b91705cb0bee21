// Package flinkconf knows Flink's configuration from outside: option keys and the names they have had from 1.13 to 2.3, and what
// command-line arguments, FLINK_PROPERTIES and configuration files set.
package flinkconf

// Option keys, each under the name that works in every version from 1.13 to 2.3: older versions ignore the names they don't know,
// newer ones still read the old names.
const (
	SchedulerMode             = "scheduler-mode"
	Scheduler                 = "jobmanager.scheduler"
	MaxParallelism            = "pipeline.max-parallelism"
	HeartbeatTimeout          = "heartbeat.timeout"
	HeartbeatInterval         = "heartbeat.interval"
	HeartbeatFailureThreshold = "heartbeat.rpc-failure-threshold"
	// WebTimeout is how long the JobManager waits for an answer that REST asks of a TaskManager. From 2.0 on, if not before, it asks nobody
	// for metrics while one of them owes an answer: a silent one takes away the metrics of all for that long, ten minutes by default.
	WebTimeout                 = "web.timeout"
	CheckpointInterval         = "execution.checkpointing.interval"
	CheckpointMinPause         = "execution.checkpointing.min-pause"
	CheckpointTimeout          = "execution.checkpointing.timeout"
	CheckpointConcurrent       = "execution.checkpointing.max-concurrent-checkpoints"
	CheckpointUnaligned        = "execution.checkpointing.unaligned"
	CheckpointAlignmentTimeout = "execution.checkpointing.alignment-timeout"
	// CheckpointBacklogInterval must not be below CheckpointInterval, or the job doesn't start; since 1.19.
	CheckpointBacklogInterval   = "execution.checkpointing.interval-during-backlog"
	CheckpointTolerableFailures = "execution.checkpointing.tolerable-failed-checkpoints"
	CheckpointRetention         = "execution.checkpointing.externalized-checkpoint-retention"
	CheckpointDirectory         = "state.checkpoints.dir"
	CheckpointStorage           = "state.checkpoint-storage"

	RestartStrategy           = "restart-strategy"
	RestartFixedDelayAttempts = "restart-strategy.fixed-delay.attempts"
	RestartFixedDelay         = "restart-strategy.fixed-delay.delay"

	ResourceStabilizationTimeout = "jobmanager.adaptive-scheduler.resource-stabilization-timeout"
	ResourceWaitTimeout          = "jobmanager.adaptive-scheduler.resource-wait-timeout"
	// ScalingIntervalMin is the cooldown after a rescale; since 1.18.
	ScalingIntervalMin = "jobmanager.adaptive-scheduler.scaling-interval.min"
	// ScalingIntervalMax must exceed ScalingIntervalMin, or the job doesn't start; 1.18 to 1.20.
	ScalingIntervalMax = "jobmanager.adaptive-scheduler.scaling-interval.max"
	// ExecutingStabilizationTimeout delays each scale-up, in reactive mode too; since 2.0.
	ExecutingStabilizationTimeout = "jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout"
	// RescaleMaxDelay is the longest wait for a checkpoint before a rescale; since 2.0.
	RescaleMaxDelay = "jobmanager.adaptive-scheduler.rescale-trigger.max-delay"

	HighAvailability = "high-availability"
	// DeclarativeResources was an option of 1.16 and older; both the reactive and the adaptive scheduler need it on, its default.
	DeclarativeResources = "cluster.declarative-resource-management.enabled"
	JobManagerAddress    = "jobmanager.rpc.address"
	TaskSlots            = "taskmanager.numberOfTaskSlots"

	ProcessSize  = "taskmanager.memory.process.size"
	FlinkSize    = "taskmanager.memory.flink.size"
	TaskHeapSize = "taskmanager.memory.task.heap.size"
)

// Names lists all names that Flink has had for the option key. Where several are set, Flink takes the last of them.
func Names(key string) []string {
	const scheduler, checkpointing = "jobmanager.adaptive-scheduler.", "execution.checkpointing."
	switch key {
	case RestartStrategy: // 1.17
		return []string{key, "restart-strategy.type"}
	case ResourceStabilizationTimeout: // 2.0
		return []string{key, scheduler + "submission.resource-stabilization-timeout"}
	case ResourceWaitTimeout: // 2.0
		return []string{key, scheduler + "submission.resource-wait-timeout"}
	case ScalingIntervalMin: // 2.0
		return []string{key, scheduler + "executing.cooldown-after-rescaling"}
	case CheckpointUnaligned: // 1.15
		return []string{key, checkpointing + "unaligned.enabled"}
	case CheckpointAlignmentTimeout: // 1.14
		return []string{key, checkpointing + "aligned-checkpoint-timeout"}
	case CheckpointDirectory: // 1.20
		return []string{"state.backend.fs.checkpointdir", key, checkpointing + "dir"}
	case CheckpointStorage: // 1.20
		return []string{key, checkpointing + "storage"}
	case HighAvailability: // 1.17
		return []string{key, "recovery.mode", "high-availability.type"}
	default:
		return []string{key}
	}
}

// NameIn is the name under which a pod of that version gets the option key: the newest from 2.0 on, which logs a warning each time it
// reads an old one; otherwise key, which all versions read.
func NameIn(key string, version Version) string {
	if !version.Known() || version.Before(Version{2, 0}) {
		return key
	}
	names := Names(key)
	return names[len(names)-1]
}
