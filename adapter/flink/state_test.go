package flink

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// told is what one round is told: a job of two vertices, three times parallel, that runs as it should.
type told struct {
	cluster rest.Overview
	jobs    []rest.JobSummary
	detail  rest.Job
}

func tellAll() told {
	vertex := func(id string, inputs ...rest.Edge) rest.Vertex {
		return rest.Vertex{
			ID: id, Parallelism: 3, MaxParallelism: 128, Tasks: map[string]int{"RUNNING": 3}, Inputs: inputs, Complete: true,
			Times: rest.Times{Busy: 300, Idle: 600, Backpressured: 100}, RecordsIn: 50, RecordsOut: 40,
		}
	}
	return told{
		cluster: rest.Overview{TaskManagers: 3, SlotsTotal: 3},
		jobs:    []rest.JobSummary{{ID: jobID, State: "RUNNING", LastModification: 2_000, Tasks: map[string]int{"running": 6, "total": 6}}},
		detail: rest.Job{
			State: "RUNNING", Now: 60_000, Timestamps: map[string]int64{"RUNNING": 1_000}, Planned: true,
			Vertices: []rest.Vertex{vertex(sourceID), vertex(workID, rest.Edge{From: sourceID, Ship: "HASH"})},
		},
	}
}

func (a told) observe() (observation, error) {
	job, err := onlyJob(a.jobs)
	if err != nil {
		return observation{}, err
	}
	return observe(a.cluster, job, a.detail)
}

func TestObserve(t *testing.T) {
	tests := []struct {
		name   string
		change func(*told)
		want   error
	}{
		{"a job that runs with all its slots counts", func(*told) {}, nil},
		{"jobs that have ended are passed over", func(a *told) {
			for _, state := range []string{"FINISHED", "CANCELED", "FAILED"} {
				a.jobs = append(a.jobs, rest.JobSummary{State: state})
			}
		}, nil},
		{"a subtask that has finished is fine", func(a *told) { a.detail.Vertices[0].Tasks = map[string]int{"RUNNING": 2, "FINISHED": 1} }, nil},
		{"slots beyond the max parallelism are no rescale", func(a *told) {
			a.cluster.SlotsTotal = 8
			for i := range a.detail.Vertices {
				a.detail.Vertices[i].MaxParallelism = 3
			}
		}, nil},
		{"too few spare slots for two slot-sharing groups are no rescale", func(a *told) {
			a.detail.Vertices[1].SlotGroup, a.cluster.SlotsTotal = "other", 7
		}, nil},
		{"no job", func(a *told) { a.jobs = nil }, errNoJob},
		{"only a job that has ended", func(a *told) { a.jobs[0].State = "FAILED" }, errNoJob},
		{"two jobs", func(a *told) { a.jobs = append(a.jobs, rest.JobSummary{State: "RESTARTING"}) }, errSeveralJobs},
		{"the job restarts", func(a *told) { a.jobs[0].State = "RESTARTING" }, errNotRunning},
		{"the job waits for TaskManagers", func(a *told) { a.detail.State, a.jobs[0].State = "CREATED", "CREATED" }, errNotRunning},
		{"the cached details say that it restarts still", func(a *told) { a.detail.State = "RESTARTING" }, errNotRunning},
		{"the job never ran", func(a *told) { a.detail.Timestamps["RUNNING"] = 0 }, errNotRunning},
		{"a subtask is being cancelled, which the cached details don't show", func(a *told) {
			a.jobs[0].Tasks = map[string]int{"running": 5, "canceling": 1, "total": 6}
		}, errTasks},
		{"the cached details have another parallelism", func(a *told) { a.jobs[0].Tasks = map[string]int{"running": 8, "total": 8} }, errOutdated},
		{"a subtask is being deployed", func(a *told) { a.detail.Vertices[1].Tasks = map[string]int{"RUNNING": 2, "DEPLOYING": 1} }, errTasks},
		{"a subtask has failed", func(a *told) { a.detail.Vertices[1].Tasks = map[string]int{"RUNNING": 2, "FAILED": 1} }, errTasks},
		{"a subtask is not there yet", func(a *told) { a.detail.Vertices[1].Tasks = map[string]int{"RUNNING": 2} }, errTasks},
		{"a subtask's metrics are missing", func(a *told) { a.detail.Vertices[0].Complete = false }, errIncomplete},
		{"no vertices", func(a *told) { a.detail.Vertices, a.jobs[0].Tasks = nil, nil }, errNotRunning},
		{"a TaskManager has come", func(a *told) { a.cluster.SlotsTotal = 4 }, errRescale},
		{"a TaskManager has gone", func(a *told) { a.cluster.SlotsTotal = 2 }, errRescale},
		{"a slot for each of two slot-sharing groups has come", func(a *told) {
			a.detail.Vertices[1].SlotGroup, a.cluster.SlotsTotal = "other", 8
		}, errRescale},
		{"one of two slot-sharing groups has lost a slot", func(a *told) {
			a.detail.Vertices[1].SlotGroup, a.cluster.SlotsTotal = "other", 5
		}, errRescale},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := tellAll()
			test.change(&a)
			if _, err := a.observe(); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestWhatAnObservationHolds(t *testing.T) {
	a := tellAll()
	a.detail.Vertices[0].Tasks = map[string]int{"RUNNING": 2, "FINISHED": 1}
	each := counters{Times: rest.Times{Busy: 300, Idle: 600, Backpressured: 100}, in: 50, out: 40}
	want := observation{
		epoch: epoch{job: jobID, running: 1_000, changed: 2_000, vertices: []vertexShape{{sourceID, 3, 2}, {workID, 3, 3}}},
		now:   60_000, settled: 58_000, plan: a.detail.Vertices, planned: true, counters: []counters{each, each},
	}
	got, err := a.observe()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(observation{}, epoch{}, vertexShape{}, counters{})); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	a.cluster.SlotsTotal = 4
	if pending, err := a.observe(); !errors.Is(err, errRescale) || !pending.epoch.equal(want.epoch) || pending.now != want.now {
		t.Errorf("while a rescale is pending: %+v, %v", pending, err)
	}
}
