package demo

import (
	"testing"
	"time"
)

func TestCounterTurnsReadingsIntoARate(t *testing.T) {
	start := time.Unix(1000, 0)
	var c counter
	for _, step := range []struct {
		name  string
		after time.Duration
		count int64
		want  *float64
	}{
		{"one reading says nothing", 0, 100, nil},
		{"nor does one that stands still", 5 * time.Second, 100, nil},
		{"growth over the time since the last change", 10 * time.Second, 600, new(50.0)},
		{"a reading that stands still keeps the rate", 12 * time.Second, 600, new(50.0)},
		{"until it has stood still for long", 36 * time.Second, 600, new(0.0)},
		{"growth again", 60 * time.Second, 1100, new(10.0)},
	} {
		got := c.see(step.count, start.Add(step.after))
		if (got == nil) != (step.want == nil) || got != nil && *got != *step.want {
			t.Fatalf("%s: rate is %v, want %v", step.name, show(got), show(step.want))
		}
	}
}

func show(v *float64) any {
	if v == nil {
		return "nothing"
	}
	return *v
}
