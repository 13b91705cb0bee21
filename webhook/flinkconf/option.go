package flinkconf

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Option is a setting that can be given to a pod.
type Option struct {
	Key   string  // see the constants
	Since Version // older versions don't know it; zero: all do
	kind  kind
	words []string // of a word
}

// kind of value.
type kind int

const (
	word     kind = iota // one of some words
	millis               // a duration that old versions read as a bare number of milliseconds
	duration             // with a unit, `10s`
	count                // a whole number from 1
	natural              // a whole number from 0
	decimal              // a number above 0
	boolean
)

// Options lists what can be given to a pod, in the order in which it is. It leaves out what is particular to a job, such as
// directories, and what would harm one that has state.
func Options() []Option {
	const scheduler, restart = "jobmanager.adaptive-scheduler.", "restart-strategy."
	return []Option{
		{Key: SchedulerMode, words: []string{"reactive"}},
		{Key: HeartbeatTimeout, kind: millis},
		{Key: HeartbeatInterval, kind: millis},
		{Key: HeartbeatFailureThreshold, kind: count, Since: Version{1, 14}},
		{Key: WebTimeout, kind: millis},
		{Key: CheckpointInterval, kind: duration},
		{Key: CheckpointMinPause, kind: duration},
		{Key: CheckpointTimeout, kind: duration},
		{Key: CheckpointConcurrent, kind: count},
		{Key: CheckpointUnaligned, kind: boolean},
		{Key: CheckpointAlignmentTimeout, kind: duration},
		{Key: CheckpointTolerableFailures, kind: natural},
		{Key: CheckpointRetention, words: []string{"RETAIN_ON_CANCELLATION", "DELETE_ON_CANCELLATION"}},
		{Key: RestartStrategy, words: []string{"fixed-delay", "exponential-delay", "failure-rate"}},
		{Key: RestartFixedDelayAttempts, kind: count},
		{Key: RestartFixedDelay, kind: duration},
		{Key: restart + "exponential-delay.initial-backoff", kind: duration},
		{Key: restart + "exponential-delay.max-backoff", kind: duration},
		{Key: restart + "exponential-delay.backoff-multiplier", kind: decimal},
		{Key: restart + "exponential-delay.reset-backoff-threshold", kind: duration},
		{Key: restart + "exponential-delay.jitter-factor", kind: decimal},
		{Key: restart + "failure-rate.max-failures-per-interval", kind: count},
		{Key: restart + "failure-rate.failure-rate-interval", kind: duration},
		{Key: restart + "failure-rate.delay", kind: duration},
		{Key: ResourceStabilizationTimeout, kind: duration},
		{Key: ResourceWaitTimeout, kind: duration},
		{Key: ScalingIntervalMin, kind: duration, Since: Version{1, 18}},
		{Key: scheduler + "min-parallelism-increase", kind: count},
		{Key: ExecutingStabilizationTimeout, kind: duration, Since: Version{2, 0}},
		{Key: RescaleMaxDelay, kind: duration, Since: Version{2, 0}},
		{Key: scheduler + "rescale-trigger.max-checkpoint-failures", kind: count, Since: Version{2, 0}},
	}
}

// FindOption finds the option that has had this name in any version.
func FindOption(name string) (Option, bool) {
	for _, option := range Options() {
		if slices.Contains(Names(option.Key), name) {
			return option, true
		}
	}
	return Option{}, false
}

// In says whether that version knows the option, or is unknown: then the option does no harm.
func (o Option) In(version Version) bool { return !version.Known() || !version.Before(o.Since) }

// Value returns the value in the form that all versions read. The error says what would be understood.
func (o Option) Value(text string) (string, error) {
	switch o.kind {
	case millis:
		ms, err := ParseMillis(text)
		if err != nil || ms < 1 {
			return "", errors.New("must be a duration such as 8s or 8000 (milliseconds), at least 1 ms")
		}
		return strconv.FormatInt(ms, 10), nil
	case duration:
		if _, err := ParseMillis(text); err != nil {
			return "", errors.New("must be a duration such as 10s or 1 min")
		}
	case count:
		if n, err := strconv.ParseInt(text, 10, 32); err != nil || n < 1 {
			return "", errors.New("must be a whole number, 1 or more")
		}
	case natural:
		if n, err := strconv.ParseInt(text, 10, 32); err != nil || n < 0 {
			return "", errors.New("must be a whole number, 0 or more")
		}
	case decimal:
		if n, err := strconv.ParseFloat(text, 64); err != nil || !(n > 0) || math.IsInf(n, 0) {
			return "", errors.New("must be a number above 0")
		}
	case boolean:
		if text != "true" && text != "false" {
			return "", errors.New("must be true or false")
		}
	default:
		if !slices.Contains(o.words, text) {
			return "", fmt.Errorf("must be %s", strings.Join(o.words, " or "))
		}
	}
	return text, nil
}
