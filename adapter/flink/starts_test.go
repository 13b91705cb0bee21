package flink

import (
	"testing"
	"time"
)

func TestStarts(t *testing.T) {
	type seen struct {
		at      int // s
		job     string
		running int64
	}
	for _, test := range []struct {
		name string
		seen []seen
		want int
	}{
		{"what happened before the first look isn't known", []seen{{0, "a", 10}}, 0},
		{"a job that goes on", []seen{{0, "a", 10}, {5, "a", 10}}, 0},
		{"each start", []seen{{0, "a", 10}, {5, "a", 20}, {10, "a", 30}, {15, "a", 30}}, 2},
		{"one after another JobManager leads, whose clock is behind", []seen{{0, "a", 10}, {5, "a", 4}}, 1},
		{"a job that is down keeps those that it had", []seen{{0, "a", 10}, {5, "a", 20}, {10, "a", 0}, {15, "", 0}}, 1},
		{"and comes back with one more", []seen{{0, "a", 10}, {5, "a", 20}, {10, "a", 0}, {15, "a", 30}}, 2},
		{"another job begins anew", []seen{{0, "a", 10}, {5, "a", 20}, {10, "b", 30}}, 0},
		{"an hour later it counts just so", []seen{{0, "a", 10}, {5, "a", 20}, {3605, "a", 20}}, 1},
		{"and then no more", []seen{{0, "a", 10}, {5, "a", 20}, {3600, "a", 30}, {3606, "a", 30}}, 1},
		{"also while the job is down", []seen{{0, "a", 10}, {5, "a", 20}, {3606, "a", 0}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var s starts
			for _, look := range test.seen {
				s.see(look.job, look.running, time.Unix(int64(look.at), 0))
			}
			if got := len(s.again); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestRestartsAreToldAtAnyTime(t *testing.T) {
	b := newBed(t)
	s := b.stub("orders-0")
	key := Key{Cluster: ordersJob}
	restarts := func(name string, want float64, reason error) {
		t.Helper()
		job := b.rounds(1, key)[key]
		wantReading(t, name, job.Restarts, want, reason)
		if reason == nil && !job.Restarts.Time.Equal(b.clock.Now()) {
			t.Errorf("%s is of %s", name, job.Restarts.Time)
		}
	}
	s.change(func(s *stub) { s.state, s.running = "CREATED", time.UnixMilli(0).Add(-s.ahead) })
	restarts("of a job that has never run", 0, errNotRunning)
	s.change(func(s *stub) { s.state = "RUNNING" })
	s.restart(2)
	restarts("at its first start", 0, nil)
	s.restart(3)
	restarts("while the job settles", 1, nil)
	s.change(func(s *stub) { s.slots = 4 })
	restarts("while a rescale is pending", 1, nil)
	s.change(func(s *stub) { s.state = "RESTARTING" })
	restarts("while the job is down", 1, nil)
	s.restart(3) // and fails before all subtasks run
	restarts("of a start that failed", 2, nil)
	s.change(func(s *stub) { s.broken[""] = true })
	if got := b.rounds(1, key)[key].Restarts; got.Err == nil {
		t.Errorf("from a JobManager that doesn't answer: %+v", got)
	}
	s.change(func(s *stub) { s.broken, s.jobs = map[string]bool{}, nil })
	restarts("without a job", 0, errNoJob)
}
