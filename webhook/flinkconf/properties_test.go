package flinkconf

import (
	"maps"
	"strings"
	"testing"
)

func TestParsePropertiesReadsLines(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Settings
	}{
		{"nothing", "", Settings{}},
		{"a block of lines", "\nheartbeat.timeout: 8000\nscheduler-mode: reactive\n", Settings{"heartbeat.timeout": "8000", "scheduler-mode": "reactive"}},
		{"indented lines", "    a: b\n  c: d", Settings{"a": "b", "c": "d"}},
		{"Windows line ends", "a: b\r\nc: d\r\n", Settings{"a": "b", "c": "d"}},
		{"no blank after the colon", "a:b", Settings{"a": "b"}},
		{"a value with colons", "execution.checkpointing.dir: s3://bucket/x", Settings{"execution.checkpointing.dir": "s3://bucket/x"}},
		{"comments", "# a: b\nc: d # e", Settings{"c": "d"}},
		{"an empty value is set too", "a:", Settings{"a": ""}},
		{"the last of a key counts", "a: b\na: c", Settings{"a": "c"}},
		{"lines that are no settings", "a\n: b\nc=d", Settings{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ParseProperties(c.text); !maps.Equal(got, c.want) {
				t.Errorf("ParseProperties(%q) = %v, want %v", c.text, got, c.want)
			}
		})
	}
}

func FuzzParseProperties(f *testing.F) {
	for _, seed := range []string{"a: b\n#c: d\ne:f", ":\n::", "a: b # c\r\n", "\x00:\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for key, value := range ParseProperties(text) {
			if key == "" || strings.ContainsAny(key+value, "\n#") {
				t.Errorf("%q gives %q: %q", text, key, value)
			}
		}
		// A line after it is always read.
		if got := ParseProperties(text + "\nprobe: 1"); got["probe"] != "1" {
			t.Errorf("%q hides the line after it", text)
		}
	})
}

func TestLookupKnowsAllNames(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings Settings
		key      string
		want     string
		ok       bool
	}{
		{"nothing set", Settings{}, SchedulerMode, "", false},
		{"the key itself", Settings{"scheduler-mode": "reactive"}, SchedulerMode, "reactive", true},
		{"restart-strategy.type of 1.19", Settings{"restart-strategy.type": "none"}, RestartStrategy, "none", true},
		{"the newer name wins", Settings{"restart-strategy.type": "none", "restart-strategy": "fixed-delay"}, RestartStrategy, "none", true},
		{"the cooldown of 2.0", Settings{"jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling": "5s"}, ScalingIntervalMin, "5s", true},
		{"the stabilization of 2.0", Settings{"jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout": "1s"}, ResourceStabilizationTimeout, "1s", true},
		{"an option whose name only starts the same", Settings{"restart-strategy.fixed-delay.delay": "1s"}, RestartStrategy, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if value, ok := c.settings.Lookup(c.key); value != c.want || ok != c.ok {
				t.Errorf("Lookup = %q, %v, want %q, %v", value, ok, c.want, c.ok)
			}
		})
	}
}
