package flink

import (
	"context"
	"testing"
	"time"
)

func TestAJobThatIsSeenAfterALongSilence(t *testing.T) {
	b := newBed(t)
	s := b.stub("orders-0")
	key := Key{Cluster: ordersJob, Needs: NeedSources}
	s.change(func(s *stub) {
		s.fetched = s.clock.Now().Add(-5 * time.Minute) // somebody looked then
		busy := s.vertices[1].numbers
		s.vertices[1].numbers = func(seconds float64) counters { // it was idle until a minute ago
			c := busy(seconds)
			c.Idle = min(seconds, 540) * 2000
			c.Busy = seconds*2000 - c.Idle
			return c
		}
	})
	for round := 1; round <= 12; round++ {
		job := b.rounds(1, key)[key]
		if round <= 5 {
			wantReading(t, "busy", job.Busy, 0, errSettling)
			continue
		}
		wantReading(t, "busy", job.Busy, 1, nil)
		wantReading(t, "records in", job.RecordsIn, 100, nil)
	}
}

func TestAStandbyIsAskedWhenTheFirstFails(t *testing.T) {
	b := newBed(t)
	first, second := b.stub("orders-0"), b.stub("orders-1")
	key := Key{Cluster: ordersJob}
	wantReading(t, "busy", b.ready(key)[key].Busy, 0.75, nil)
	if second.took() != 0 {
		t.Errorf("the second was asked %d times while the first answered", second.took())
	}
	first.change(func(s *stub) { s.broken[""] = true })
	wantReading(t, "TaskManagers by the second", b.rounds(1, key)[key].TaskManagers, 2, nil)
	first.change(func(s *stub) { s.broken[""] = false })
	took := first.took()
	wantReading(t, "busy by the second", b.ready(key)[key].Busy, 0.75, nil)
	if first.took() != took {
		t.Errorf("the first was asked %d times more while the second answered", first.took()-took)
	}
	second.change(func(s *stub) { s.broken["/jobs/"+jobID] = true })
	wantReading(t, "TaskManagers by the first again", b.rounds(1, key)[key].TaskManagers, 2, nil)
	first.change(func(s *stub) { s.broken["/overview"] = true })
	err := b.rounds(1, key)[key].Busy.Err
	const want = "JobManager pod shop/orders-0: GET /overview: status 500 Internal Server Error; " +
		"JobManager pod shop/orders-1: GET /jobs/" + jobID + ": status 500 Internal Server Error"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	b.pods = nil
	wantReading(t, "busy without a pod", b.rounds(1, key)[key].Busy, 0, ErrNotFound)
}

func TestAStandbyIsAskedInTimeWhenTheFirstIsSilent(t *testing.T) {
	b := newBed(t)
	first := b.stub("orders-0")
	b.stub("orders-1")
	first.mu.Lock() // it takes the question and never answers
	defer first.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	key := Key{Cluster: ordersJob}
	wantReading(t, "TaskManagers", b.Poll(ctx, []Key{key})[key].Value.TaskManagers, 2, nil)
}
