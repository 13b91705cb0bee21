package rule

import (
	"testing"
	"time"

	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

// Whatever an expression says, it is refused, or gives a number that there can be, or an error.
func FuzzExpression(f *testing.F) {
	for _, text := range []string{"desired", "math.greatest(desired, inputs.age / 50.0)", "has(inputs.lag) ? inputs.lag : current", "1 / 0", "now.getHours('Europe/Berlin') > 8 ? 2.0 : 1.0",
		"[1.0][0]", "{'a': 1.0}.a", "dyn(desired)", "'a'.matches('(a|a)*')", "duration('1h') > duration('1m') ? 1.0 : 0.0", "double(string(desired))", "timestamp(now)", "job.busy * 1e308 * 10.0",
		"job.busiestVertex.startsWith('w') ? 2.0 : 1.0", "dyn(job.busiestVertex)", "double(job.busiestVertex)", "double(job.busiestVertex.size())"} {
		f.Add(text, 0.7, false)
	}
	f.Fuzz(func(t *testing.T, text string, number float64, missing bool) {
		program, err := Compile(spec(text), serves)
		if err != nil {
			return
		}
		readings := Readings{"desired": known(number), "inputs.age": known(number), "job.busy": known(number), "job.taskManagers": known(2), "job.busiestVertex": named("work")}
		if missing {
			readings["inputs.age"] = unknown("nobody knows")
		}
		d, state := program.Evaluate(v1alpha1.State{}, readings, noon())
		if (d.Value == nil) != (d.Err != nil) || d.Value != nil && (*d.Value < 0 || *d.Value > maxTaskManagers) {
			t.Errorf("%q: %s", text, show(d))
		}
		if d.Value != nil && *d.Value != *state.Value {
			t.Errorf("%q: says %d and remembers %d", text, *d.Value, *state.Value)
		}
	})
}

// Whatever a schedule says, it is refused, or is open or closed at any time.
func FuzzSchedule(f *testing.F) {
	for _, s := range [][3]string{{"0 8 * * MON-FRI", "0 18 * * MON-FRI", "Europe/Berlin"}, {"*/5 * * * *", "2 * 31 2 *", "UTC"}, {"TZ=", "@every 1s", "Local"},
		{"0 0 29 2 1", "59 23 L * ?", "Pacific/Apia"}, {"0-59/1,3 1-2 * JAN-DEC SUN", "0 0 1 1 0", ""}} {
		f.Add(s[0], s[1], s[2], int64(1_767_225_600))
	}
	f.Fuzz(func(t *testing.T, start, end, zone string, seconds int64) {
		s := spec("1.0")
		s.Schedules = []v1alpha1.Schedule{{Name: "w", Start: start, End: end, TimeZone: zone, Floor: ptr.To[int32](3)}}
		program, err := Compile(s, serves)
		if err != nil {
			return
		}
		now := time.Unix(seconds%(1<<33), 0)
		w := program.schedules[0]
		shown := shownBy(w.zone, now)
		for _, schedule := range []interface{ Next(time.Time) time.Time }{w.start, w.end} {
			at := newest(schedule, shown)
			if at.IsZero() {
				continue
			}
			if next := schedule.Next(at); at.After(shown) || !next.IsZero() && !next.After(shown) {
				t.Errorf("%q, %q: %s is not the newest before %s", start, end, at, shown)
			}
		}
		w.open(now)
	})
}
