package flink

import (
	"testing"
	"time"
)

func TestRestarts(t *testing.T) {
	type seen struct {
		now, changed int64 // s
		parallelism  int
		job          string
	}
	shape := func(s seen) epoch {
		return epoch{job: s.job, changed: 1000 * s.changed, vertices: []vertexShape{{parallelism: 1}, {parallelism: s.parallelism}}}
	}
	tests := []struct {
		name string
		seen []seen
		want time.Duration
	}{
		{"none", []seen{{100, 10, 2, "a"}, {105, 10, 2, "a"}}, 0},
		{"from when it was last seen to when it ran again", []seen{{100, 10, 2, "a"}, {105, 10, 2, "a"}, {120, 112, 3, "a"}, {125, 112, 3, "a"}}, 7 * time.Second},
		{"a restart at the same parallelism is an outage", []seen{{100, 10, 2, "a"}, {900, 890, 2, "a"}}, 0},
		{"another job is no rescale", []seen{{100, 10, 2, "a"}, {120, 112, 3, "b"}}, 0},
		{"the median of several", []seen{{100, 10, 2, "a"}, {110, 102, 3, "a"}, {200, 119, 4, "a"}, {300, 203, 3, "a"}}, 3 * time.Second},
		{"of the newest five", []seen{{100, 10, 1, "a"}, {300, 200, 2, "a"}, {400, 390, 3, "a"}, {500, 401, 4, "a"}, {600, 502, 5, "a"}, {700, 603, 6, "a"}, {800, 704, 7, "a"}, {900, 805, 8, "a"}}, 3 * time.Second},
		{"a change that ended before it was last seen can't be measured", []seen{{100, 10, 2, "a"}, {105, 99, 3, "a"}}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r restarts
			var before epoch
			for _, s := range test.seen {
				r.see(before, observation{epoch: shape(s), now: 1000 * s.now})
				before = shape(s)
			}
			if got := r.typical(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// A TaskManager that has come gives slots that the job takes up a while later. It runs until then.
func TestWaitingForARescaleIsNoInterruption(t *testing.T) {
	b := newBed(t)
	s := b.stub("orders-0")
	key := Key{Cluster: ordersJob}
	b.ready(key)
	s.change(func(s *stub) { s.taskManagers, s.slots = 3, 3 })
	wantReading(t, "busy", b.rounds(12, key)[key].Busy, 0, errRescale)
	b.clock.Step(2 * time.Second)
	s.restart(3)
	wantReading(t, "busy", b.rounds(1, key)[key].Busy, 0, errSettling)
	if got := b.clusters[ordersJob].restarts.typical(); got != 2*time.Second {
		t.Errorf("the rescale took %s, want 2 s", got)
	}
}
