package flink

import "testing"

func TestTaskManagersThatTellNothingYet(t *testing.T) {
	b := newBed(t)
	s := b.stub("orders-0")
	key := Key{Cluster: ordersJob, Needs: NeedTaskManagers}
	b.ready(key)
	s.change(func(s *stub) { s.metered = 1 })
	job := b.rounds(1, key)[key]
	for name, reading := range map[string]Reading{"heap": job.HeapUsed, "CPU": job.CPULoad, "collection": job.GCTime} {
		wantReading(t, name, reading, 0, errTaskManagers)
	}
	wantReading(t, "busy", job.Busy, 0.75, nil)
	s.change(func(s *stub) { s.metered, s.broken["/taskmanagers/metrics"] = 0, true })
	if err := b.rounds(1, key)[key].HeapUsed.Err; err == nil || err.Error() != "GET /taskmanagers/metrics: status 500 Internal Server Error" {
		t.Errorf("got %v", err)
	}
}
