package flink

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/klog/v2/ktesting"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

const sinkID = "0123456789abcdef0123456789abcdef"

// threeVertices is a round about a job on three TaskManagers of two slots: a source, work, and a sink, each of two subtasks.
func threeVertices(t *testing.T) (round, *memory, []intake) {
	h := newWatch(
		counters{Times: rest.Times{Busy: 500, Idle: 1500}, in: 30, out: 60},
		counters{Times: rest.Times{Busy: 1000, Idle: 500, Backpressured: 500}, in: 60, out: 10},
		counters{Times: rest.Times{Unusable: true}, in: 10},
	)
	for i, id := range []string{sourceID, workID, sinkID} {
		h.shape.vertices[i].id = id
	}
	w, err := h.rounds(12).window(length)
	if err != nil {
		t.Fatal(err)
	}
	vertex := func(id, name string, inputs ...rest.Edge) rest.Vertex {
		return rest.Vertex{ID: id, Name: name, Parallelism: 2, MaxParallelism: 128, SlotGroup: "g", Tasks: map[string]int{"RUNNING": 2}, Inputs: inputs}
	}
	r := round{cluster: ordersJob, window: w, answers: answers{
		at:       at(time.Minute),
		overview: rest.Overview{TaskManagers: 3, SlotsTotal: 6},
		job: observation{epoch: h.epoch, settled: 60_000, plan: []rest.Vertex{
			vertex(sourceID, "source"), vertex(workID, "work", rest.Edge{From: sourceID, Ship: "HASH"}), vertex(sinkID, "sink", rest.Edge{From: workID, Ship: "FORWARD"}),
		}},
	}}
	m := &memory{}
	m.restarts.took = []time.Duration{3 * time.Second}
	m.hottest = hottest{epoch: h.epoch, vertex: workID, looks: []subtasksLook{{now: 0, times: make([]rest.Times, 1)}, {now: 20_000, times: []rest.Times{{Busy: 15_000, Idle: 5000}}}}}
	in := intake{vertex: 0, recordsIn: Reading{Value: 33, Time: at(0)}, facts: desired.Source{Arrival: 40, Backlog: 5, Partitions: 4}}
	return r, m, []intake{in}
}

func TestDesiredJob(t *testing.T) {
	source := desired.Vertex{
		ID: sourceID, Name: "source", Parallelism: 2, MaxParallelism: 128, SlotGroup: "g", Busy: 0.25, RecordsIn: 33, RecordsOut: 60,
		Source: &desired.Source{Arrival: 40, Backlog: 5, Partitions: 4},
	}
	work := desired.Vertex{
		ID: workID, Name: "work", Parallelism: 2, MaxParallelism: 128, SlotGroup: "g", Busy: 0.5, Backpressured: 0.25, Hottest: 0.75, RecordsIn: 60, RecordsOut: 10,
		Inputs: []desired.Input{{From: sourceID, Keyed: true}},
	}
	sink := desired.Vertex{
		ID: sinkID, Name: "sink", Parallelism: 2, MaxParallelism: 128, SlotGroup: "g", Timeless: true, RecordsIn: 10, Inputs: []desired.Input{{From: workID}},
	}
	three, _, _ := threeVertices(t)
	whole := desired.Job{Now: at(time.Minute), Changed: at(0), TaskManagers: 3, Slots: 2, Restart: 3 * time.Second, Graph: graphOf(three.job.plan)}
	with := func(vertices ...desired.Vertex) desired.Job {
		job := whole
		job.Vertices = vertices
		return job
	}
	alone := work
	alone.Inputs, alone.Source = nil, &desired.Source{Unknown: "all that it read from has finished"}
	finish := func(r *round, i int) { r.job.plan[i].Tasks = map[string]int{"FINISHED": 2} }
	tests := []struct {
		name   string
		change func(*round, []intake) []intake
		want   desired.Job
		reason error
	}{
		{"all that the window saw", func(_ *round, in []intake) []intake { return in }, with(source, work, sink), nil},
		{"a vertex that has finished is left out", func(r *round, in []intake) []intake { finish(r, 2); return in }, with(source, work), nil},
		{"so is what it fed", func(r *round, _ []intake) []intake { finish(r, 0); return nil }, with(alone, sink), nil},
		{"no TaskManager", func(r *round, in []intake) []intake { r.overview.TaskManagers = 0; return in }, desired.Job{}, errSlots},
		{"TaskManagers of different sizes", func(r *round, in []intake) []intake { r.overview.SlotsTotal = 7; return in }, desired.Job{}, errSlots},
		{"a source whose facts are not known now", func(_ *round, in []intake) []intake { in[0].err = errGhost; return in }, desired.Job{}, errGhost},
		{"a source that may read anything", func(_ *round, in []intake) []intake { in[0].recordsIn = failed(errNoLook); return in }, desired.Job{}, errNoLook},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, m, intakes := threeVertices(t)
			got, err := desiredJob(r, m, test.change(&r, intakes))
			if !errors.Is(err, test.reason) {
				t.Fatalf("got %v, want %v", err, test.reason)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheckpointsAreLookedAtWhenTheNumberWouldFall(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*stub)
		want   float64
		reason desired.Code
	}{
		{"they fare well", func(*stub) {}, 1, desired.FewerNeeded},
		{"there are none", func(s *stub) { s.interval = 0 }, 2, desired.HeldByCheckpointsOff},
		{"none has completed lately", func(s *stub) { s.completed = s.clock.Now().Add(-time.Hour) }, 2, desired.HeldByCheckpointAge},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBed(t)
			s := b.stub("orders-0")
			s.change(func(s *stub) {
				s.vertices[1].numbers = steady(counters{Times: rest.Times{Busy: 0.1, Idle: 0.9}, in: 100}).numbers
				test.change(s)
			})
			key := Key{Cluster: ordersJob, Needs: needDesired}
			job := b.ready(key)[key]
			wantReading(t, "desired", job.Desired, test.want, nil)
			if !job.Explanation.Decision.Has(test.reason) {
				t.Errorf("reasons %+v", job.Explanation.Decision.Reasons)
			}
			s.change(func(s *stub) { s.broken["/jobs/"+jobID+"/checkpoints"] = true })
			wantReading(t, "desired while nobody can look", b.rounds(12, key)[key].Desired, test.want, nil)
			if err := b.rounds(1, key)[key].Desired.Err; err == nil || err.Error() != "GET /jobs/"+jobID+"/checkpoints: status 500 Internal Server Error" {
				t.Errorf("after the limit: %v", err)
			}
		})
	}
}

func TestOnlyChangesAreTold(t *testing.T) {
	b := newBed(t)
	decision := func(number int, bottleneck string, codes ...desired.Code) desired.Decision {
		d := desired.Decision{TaskManagers: number, Bottleneck: bottleneck}
		for _, code := range codes {
			d.Reasons = append(d.Reasons, desired.Reason{Code: code, Text: "text"})
		}
		return d
	}
	var d decisions
	for i, test := range []struct {
		decision desired.Decision
		told     bool
	}{
		{decision(2, "work", desired.Fits), true},
		{decision(2, "work", desired.Fits), false},
		{decision(3, "work", desired.MoreNeeded), true},
		{decision(3, "work", desired.MoreNeeded, desired.CatchingUp), true},
		{decision(3, "sink", desired.MoreNeeded, desired.CatchingUp), true},
		{decision(3, "sink", desired.MoreNeeded, desired.CatchingUp), false},
	} {
		clear(b.meter.reasons)
		logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true)))
		b.tell(logger, test.decision, &d)
		if lines := len(logger.GetSink().(ktesting.Underlier).GetBuffer().Data()); (lines == 1) != test.told || lines > 1 {
			t.Errorf("decision %d: %d lines are logged, want one: %t", i, lines, test.told)
		}
		want := 0
		if test.told {
			want = len(test.decision.Reasons)
		}
		if got := len(b.meter.reasons); got != want {
			t.Errorf("decision %d: %d reasons counted, want %d", i, got, want)
		}
	}
}

func TestTimesByOurClock(t *testing.T) {
	r := round{answers: answers{at: at(time.Minute), job: observation{now: 5_000_000}}}
	if got := r.ourTime(4_990_000); !got.Equal(at(50 * time.Second)) {
		t.Errorf("10 s before the round: %s", got)
	}
	if got := r.ourTime(0); !got.IsZero() {
		t.Errorf("never: %s", got)
	}
}
