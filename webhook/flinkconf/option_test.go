package flinkconf

import (
	"slices"
	"testing"
)

func TestOptionsAreFoundByAnyName(t *testing.T) {
	for _, c := range []struct {
		name, want string
	}{
		{"heartbeat.timeout", HeartbeatTimeout},
		{"restart-strategy.type", RestartStrategy},
		{"jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling", ScalingIntervalMin},
		{"execution.checkpointing.unaligned.enabled", CheckpointUnaligned},
		{"pipeline.max-parallelism", ""},
		{"state.checkpoints.dir", ""},
		{"heartbeat", ""},
	} {
		if got, found := FindOption(c.name); got.Key != c.want || found != (c.want != "") {
			t.Errorf("FindOption(%q) = %q, %v, want %q", c.name, got.Key, found, c.want)
		}
	}
}

func TestOptionValues(t *testing.T) {
	for _, c := range []struct {
		name, key, text string
		want            string // empty: refused
	}{
		{"a heartbeat becomes a bare number, which 1.13 reads", HeartbeatTimeout, "8 s", "8000"},
		{"a heartbeat in milliseconds", HeartbeatInterval, "2000", "2000"},
		{"a heartbeat of nothing", HeartbeatInterval, "0", ""},
		{"a heartbeat that is none", HeartbeatTimeout, "soon", ""},
		{"a duration keeps its unit", CheckpointInterval, "1 min", "1 min"},
		{"a duration that is none", CheckpointInterval, "PT1M", ""},
		{"a word", RestartStrategy, "exponential-delay", "exponential-delay"},
		{"a restart strategy that ends the job at a scale-down", RestartStrategy, "none", ""},
		{"a mode that Flink doesn't have", SchedulerMode, "none", ""},
		{"a count", RestartFixedDelayAttempts, "2147483647", "2147483647"},
		{"a count beyond an integer of Java", RestartFixedDelayAttempts, "2147483648", ""},
		{"a count of none", RestartFixedDelayAttempts, "0", ""},
		{"failures may be none", CheckpointTolerableFailures, "0", "0"},
		{"failures below none", CheckpointTolerableFailures, "-1", ""},
		{"a factor", "restart-strategy.exponential-delay.backoff-multiplier", "1.5", "1.5"},
		{"a factor of nothing", "restart-strategy.exponential-delay.backoff-multiplier", "0", ""},
		{"no number", "restart-strategy.exponential-delay.backoff-multiplier", "NaN", ""},
		{"yes or no", CheckpointUnaligned, "true", "true"},
		{"neither yes nor no", CheckpointUnaligned, "yes", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			option, _ := FindOption(c.key)
			if got, err := option.Value(c.text); got != c.want || (err != nil) != (c.want == "") {
				t.Errorf("Value(%q) = %q, %v, want %q", c.text, got, err, c.want)
			}
		})
	}
}

// A name that two options had, or a key twice, would make it unclear what a profile means.
func TestNamesBelongToOneOption(t *testing.T) {
	var names []string
	for _, option := range Options() {
		names = append(names, Names(option.Key)...)
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("a name is there twice: %q", names)
	}
}

func TestOptionsByVersion(t *testing.T) {
	for _, c := range []struct {
		key     string
		version Version
		want    bool
	}{
		{HeartbeatTimeout, Version{1, 13}, true},
		{ScalingIntervalMin, Version{1, 17}, false},
		{ScalingIntervalMin, Version{1, 18}, true},
		{RescaleMaxDelay, Version{1, 20}, false},
		{RescaleMaxDelay, Version{2, 0}, true},
		{RescaleMaxDelay, Version{}, true},
	} {
		option, _ := FindOption(c.key)
		if got := option.In(c.version); got != c.want {
			t.Errorf("%s in %s: %v, want %v", c.key, c.version, got, c.want)
		}
	}
}
