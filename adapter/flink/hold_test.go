package flink

import (
	"errors"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
)

func TestWhatIsHeldOverARestart(t *testing.T) {
	b := newBed(t)
	s := b.stub("orders-0")
	key, pending := Key{Cluster: ordersJob, Needs: needDesired | NeedTaskManagers}, Key{Cluster: ordersJob, Needs: NeedSources}
	before := b.ready(key, pending)[key]
	wantReading(t, "desired", before.Desired, 2, nil)
	if before.Explanation.Held != "" || !before.Explanation.Time.Equal(b.clock.Now()) {
		t.Errorf("explanation of now: %+v", before.Explanation)
	}
	s.change(func(s *stub) { s.state = "RESTARTING" })
	for passed := interval; passed <= hold; passed += interval {
		jobs := b.rounds(1, key, pending)
		job := jobs[key]
		for name, reading := range map[string]Reading{
			"busy": job.Busy, "idle": job.Idle, "back-pressured": job.Backpressured, "heap": job.HeapUsed, "CPU": job.CPULoad, "collection": job.GCTime, "event lag": job.EventLag, "lag": job.KafkaLag,
		} {
			wantReading(t, name, reading, 0, errNotRunning)
		}
		wantReading(t, "desired", job.Desired, 2, nil)
		wantReading(t, "pending", job.Pending, 7, nil)
		wantReading(t, "records in", job.RecordsIn, 100, nil)
		if job.Desired.Time != before.Desired.Time {
			t.Errorf("held as if it were of %s", job.Desired.Time)
		}
		const reason = "job " + jobID + ": the job is not RUNNING; its numbers count again when it has run for a while"
		if e := job.Explanation; e.Held != reason || e.Time != before.Explanation.Time || e.Decision.TaskManagers != 2 {
			t.Errorf("explanation %+v", e)
		}
		wantReading(t, "desired of a question that doesn't need it", jobs[pending].Desired, 0, errNotRunning)
	}
	job := b.rounds(1, key, pending)[key]
	for name, reading := range map[string]Reading{"desired": job.Desired, "pending": job.Pending, "records in": job.RecordsIn} {
		wantReading(t, name+" after the limit", reading, 0, errNotRunning)
	}
}

func TestHold(t *testing.T) {
	reason := errors.New("not now")
	var h held
	none := nothing(reason)
	if h.hold(&none, needDesired, at(0), hold); none.Desired.Err == nil || none.Explanation.Held != "" {
		t.Errorf("without anything to hold: %+v", none.Desired)
	}
	known := nothing(errNotAsked)
	known.Pending, known.RecordsIn, known.Desired = Reading{Value: 1, Time: at(0)}, Reading{Value: 2, Time: at(0)}, Reading{Value: 3, Time: at(0)}
	known.Explanation = Explanation{Job: jobID, Decision: desired.Decision{TaskManagers: 3}}
	h.hold(&known, needDesired, at(0), hold)
	asked := nothing(errNotAsked)
	asked.Pending, asked.RecordsIn = Reading{Value: 4, Time: at(time.Second)}, failed(errNoLook)
	h.hold(&asked, NeedSources, at(time.Second), hold)
	wantReading(t, "what is known", asked.Pending, 4, nil)
	wantReading(t, "what was known", asked.RecordsIn, 2, nil)
	wantReading(t, "what nobody asked for", asked.Desired, 0, errNotAsked)
	later := nothing(reason)
	h.hold(&later, needDesired, at(hold+1), hold)
	wantReading(t, "what is a second younger", later.Pending, 4, nil)
	wantReading(t, "what is too old", later.Desired, 0, reason)
	if later.Explanation.Held != "" || later.Explanation.Job != "" {
		t.Errorf("explanation of what is too old: %+v", later.Explanation)
	}
}
