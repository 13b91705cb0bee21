package demo

import (
	"testing"
	"time"
)

func TestCounterTurnsReadingsIntoARate(t *testing.T) {
	start := time.Unix(1000, 0)
	c := counter{window: 20 * time.Second}
	for _, step := range []struct {
		name  string
		after time.Duration
		count int64
		want  *float64
	}{
		{"one reading says nothing", 0, 100, nil},
		{"nor does less than half a window", 5 * time.Second, 150, nil},
		{"half a window does", 10 * time.Second, 600, new(50.0)},
		{"growth in one leap is spread over the window", 20 * time.Second, 1100, new(50.0)},
		{"what is older than the window doesn't count", 40 * time.Second, 1300, new(10.0)},
		{"a count that stands still for a window is no growth", 60 * time.Second, 1300, new(0.0)},
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
