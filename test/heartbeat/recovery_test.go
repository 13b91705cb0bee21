package heartbeat

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// timeline is moments a second apart, from a text of each second's parallelism (. while it restarts) and a lag for each.
func timeline(parallelism string, runningFrom func(t float64) float64, lag func(t float64) int64) []moment {
	var moments []moment
	for i, c := range parallelism {
		m := moment{T: float64(i)}
		s := &m.Jobs[injected]
		s.TaskManagers = 3
		if c != '.' {
			s.Parallelism, s.RunningFrom = int(c-'0'), runningFrom(m.T)
		}
		if l := lag(m.T); l >= 0 {
			s.Lag = &l
		}
		moments = append(moments, m)
	}
	return moments
}

func repeat(parallelism byte, seconds int) string {
	text := make([]byte, seconds)
	for i := range text {
		text[i] = parallelism
	}
	return string(text)
}

func TestRecovery(t *testing.T) {
	const at = 30
	saw := func(t float64) int64 { return 100 * int64(int(t)%10) }
	restartedAt := func(when float64) func(float64) float64 {
		return func(t float64) float64 {
			if t >= when {
				return when
			}
			return 1
		}
	}
	for _, test := range []struct {
		name string
		line []moment
		want recovers
		over bool
	}{
		{
			"a silent TaskManager goes unnoticed, then the job restarts, and works off what it missed",
			timeline(repeat('3', 35)+"..."+repeat('2', 42), restartedAt(38), func(t float64) int64 {
				if t >= 33 && t < 50 {
					return 5000
				}
				return saw(t)
			}),
			recovers{RunningAfterS: new(8.0), LagBackAfterS: new(19.0), LagMax: 5000, LagBefore: 900}, true,
		},
		{
			"a lag that never grew is back when the job runs",
			timeline(repeat('3', 31)+"."+repeat('2', 40), restartedAt(32), saw),
			recovers{RunningAfterS: new(2.0), LagBackAfterS: new(2.0), LagMax: 900, LagBefore: 900}, true,
		},
		{
			"a lag a little above what it was is back",
			timeline(repeat('3', 31)+"."+repeat('2', 40), restartedAt(32), func(t float64) int64 {
				if t == 45 {
					return 1000
				}
				return saw(t)
			}),
			recovers{RunningAfterS: new(2.0), LagBackAfterS: new(2.0), LagMax: 1000, LagBefore: 900}, true,
		},
		{
			"a lag that is low for a moment is not back",
			timeline(repeat('3', 31)+"."+repeat('2', 18), restartedAt(32), saw),
			recovers{RunningAfterS: new(2.0), LagMax: 900, LagBefore: 900}, false,
		},
		{
			"a job that was never seen to restart has not recovered",
			timeline(repeat('3', 60), restartedAt(1000), saw),
			recovers{LagMax: 900, LagBefore: 900}, false,
		},
		{
			"moments without a lag don't count",
			timeline(repeat('3', 31)+"."+repeat('2', 40), restartedAt(32), func(t float64) int64 {
				if t > 33 && t < 40 {
					return -1
				}
				return saw(t)
			}),
			recovers{RunningAfterS: new(2.0), LagBackAfterS: new(2.0), LagMax: 900, LagBefore: 900}, true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, over := recovery(test.line, injected, at)
			if diff := cmp.Diff(test.want, got); diff != "" || over != test.over {
				t.Errorf("over is %v, want %v; recovery (-want +got):\n%s", over, test.over, diff)
			}
		})
	}
}

func TestUsedAll(t *testing.T) {
	line := timeline("3322..333", func(float64) float64 { return 0 }, func(float64) int64 { return 0 })
	if got := usedAll(line, injected, 3, 2); got == nil || *got != 4 {
		t.Errorf("a comeback after a loss at 2 s took %v, want 4 s", seconds(got))
	}
	if got := usedAll(line, injected, 4, 2); got != nil {
		t.Errorf("a parallelism that was never reached took %v", seconds(got))
	}
}

func TestSteady(t *testing.T) {
	always := func(float64) float64 { return 0 }
	for _, test := range []struct {
		name        string
		parallelism string
		lag         func(float64) int64
		want        bool
	}{
		{"long enough at the parallelism", repeat('3', 31), func(float64) int64 { return 5 }, true},
		{"not long enough", repeat('3', 30), func(float64) int64 { return 5 }, false},
		{"another parallelism not long ago", repeat('2', 5) + repeat('3', 30), func(float64) int64 { return 5 }, false},
		{"another parallelism long ago", repeat('2', 5) + repeat('3', 31), func(float64) int64 { return 5 }, true},
		{"a restart not long ago", repeat('3', 19) + "." + repeat('3', 12), func(float64) int64 { return 5 }, false},
		{"a lag that is not known", repeat('3', 40), func(float64) int64 { return -1 }, false},
		{"nothing seen yet", "", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := steady(timeline(test.parallelism, always, test.lag), injected, 3); got != test.want {
				t.Errorf("steady is %v", got)
			}
		})
	}
}
