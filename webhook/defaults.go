package webhook

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// property is a setting to inject.
type property struct{ key, value string }

func (p property) String() string { return p.key + "=" + p.value }

// defaults are the properties that a container of this role gets, given its own settings: those that it doesn't set and that don't
// conflict with what it sets. Warnings say what could not be done.
func defaults(role Role, own flinkconf.Settings) (properties []property, warnings []string) {
	heartbeats, err := heartbeats(own)
	if err != nil {
		warnings = append(warnings, err.Error())
	}
	if role == StandaloneJob {
		properties = append(properties, property{flinkconf.SchedulerMode, "reactive"})
	}
	properties = append(properties, heartbeats...)
	if role == StandaloneJob {
		properties = append(properties, checkpoints(own)...)
		properties = append(properties, restarts(own)...)
		properties = append(properties, rescales(own)...)
	}
	var unset []property
	for _, p := range properties {
		if _, set := own.Lookup(p.key); !set {
			unset = append(unset, p)
		}
	}
	return unset, warnings
}

// In milliseconds. A lost TaskManager is found after about two intervals (the RPC failure threshold, since 1.14), a silent one after
// the timeout.
const (
	heartbeatTimeout  = 8000
	heartbeatInterval = 2000
	heartbeatRatio    = heartbeatTimeout / heartbeatInterval
)

// heartbeats returns both heartbeat options or, where one is set, the other one to fit: Flink doesn't start with an interval above
// the timeout, so one alone can't be left to Flink's default for the other. The values are bare numbers, the only form that all
// versions read. An error says which value could not be understood; both options are then best left alone.
func heartbeats(own flinkconf.Settings) ([]property, error) {
	timeout, hasTimeout := own.Lookup(flinkconf.HeartbeatTimeout)
	interval, hasInterval := own.Lookup(flinkconf.HeartbeatInterval)
	switch {
	case hasTimeout && hasInterval:
		return nil, nil
	case hasTimeout:
		ms, err := flinkconf.ParseMillis(timeout)
		if err != nil || ms < 2 {
			return nil, notUnderstood(flinkconf.HeartbeatTimeout, timeout, flinkconf.HeartbeatInterval)
		}
		ms = min(heartbeatInterval, max(1, ms/heartbeatRatio))
		return []property{{flinkconf.HeartbeatInterval, strconv.FormatInt(ms, 10)}}, nil
	case hasInterval:
		ms, err := flinkconf.ParseMillis(interval)
		if err != nil || ms < 1 || ms > math.MaxInt64/heartbeatRatio {
			return nil, notUnderstood(flinkconf.HeartbeatInterval, interval, flinkconf.HeartbeatTimeout)
		}
		ms = max(heartbeatTimeout, ms*heartbeatRatio)
		return []property{{flinkconf.HeartbeatTimeout, strconv.FormatInt(ms, 10)}}, nil
	default:
		return []property{
			{flinkconf.HeartbeatTimeout, strconv.Itoa(heartbeatTimeout)},
			{flinkconf.HeartbeatInterval, strconv.Itoa(heartbeatInterval)},
		}, nil
	}
}

func notUnderstood(key, value, other string) error {
	return fmt.Errorf("%s=%.40q is not understood, so no %s was set to fit it: set both, in milliseconds", key, value, other)
}

func checkpoints(own flinkconf.Settings) []property {
	properties := []property{
		{flinkconf.CheckpointTolerableFailures, "3"},
		{flinkconf.CheckpointRetention, "RETAIN_ON_CANCELLATION"},
	}
	// A pause next to an interval of the pod's own could stretch that interval, and an interval above the pod's own for a backlog
	// would stop the job from starting.
	_, interval := own.Lookup(flinkconf.CheckpointInterval)
	_, backlogInterval := own.Lookup(flinkconf.CheckpointBacklogInterval)
	if interval || backlogInterval {
		return properties
	}
	return append([]property{{flinkconf.CheckpointInterval, "30s"}, {flinkconf.CheckpointMinPause, "10s"}}, properties...)
}

// restarts never give up and wait for a second. Losing a TaskManager counts as a failure, so the exponential back-off that is
// Flink's default since 1.19 grows with every scale-down.
func restarts(own flinkconf.Settings) []property {
	strategy, set := own.Lookup(flinkconf.RestartStrategy)
	if set && !strings.EqualFold(strategy, "fixed-delay") && !strings.EqualFold(strategy, "fixeddelay") {
		return nil
	}
	return []property{
		{flinkconf.RestartStrategy, "fixed-delay"},
		{flinkconf.RestartFixedDelayAttempts, strconv.Itoa(math.MaxInt32)},
		{flinkconf.RestartFixedDelay, "1s"},
	}
}

func rescales(own flinkconf.Settings) []property {
	properties := []property{{flinkconf.ResourceStabilizationTimeout, "5s"}}
	// A cooldown above the pod's own scaling-interval.max would stop Flink from starting.
	if _, set := own.Lookup(flinkconf.ScalingIntervalMax); !set {
		properties = append(properties, property{flinkconf.ScalingIntervalMin, "30s"})
	}
	return append(properties,
		property{flinkconf.ExecutingStabilizationTimeout, "10s"},
		property{flinkconf.RescaleMaxDelay, "30s"},
	)
}
