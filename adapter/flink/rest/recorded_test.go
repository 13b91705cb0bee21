package rest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	flink1_13  = "1.13.6"
	flink1_17  = "1.17.2"
	flink1_20  = "1.20.5"
	overloaded = "2.3.0-overloaded"
	running    = "2.3.0-running"
	restarting = "2.3.0-restarting"
)

// The recorded job reads Kafka in one vertex and works in the other.
const (
	sourceID = "c3919b0b80c770dcaba928458d2e49b0"
	workID   = "674df9b0384c0348e0b9d1034a44c46c"
)

func TestOverview(t *testing.T) {
	for folder, want := range map[string]Overview{
		flink1_13:  {2, 2, "1.13.6"},
		flink1_17:  {2, 2, "1.17.2"},
		flink1_20:  {2, 2, "1.20.5"},
		overloaded: {2, 2, "2.3.0"},
		running:    {3, 3, "2.3.0"},
	} {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/overview"] = recorded(t, folder, "overview")
			if got, err := New(Options{}).Overview(t.Context(), j.target()); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestJobs(t *testing.T) {
	for folder, want := range map[string]JobSummary{
		flink1_13:  {ID: "bb54dc7354a73a95c29956a7b55aeb3e", State: "RUNNING", LastModification: 1795229047656, Tasks: map[string]int{"total": 4, "running": 4}},
		flink1_17:  {ID: "0cdc43320266f7ae726df4a63680cc7e", State: "RUNNING", LastModification: 1795228998419, Tasks: map[string]int{"total": 4, "running": 4}},
		flink1_20:  {ID: "efc5b64d2ae71a70e6e043254cdba1c1", State: "RUNNING", LastModification: 1795228961731, Tasks: map[string]int{"total": 4, "running": 4}},
		overloaded: {ID: "e3d710fa11e09b97a749299b3a25aa86", State: "RUNNING", LastModification: 1795228328424, Tasks: map[string]int{"total": 4, "running": 4}},
		running:    {ID: "5cdff28ffb5236ebcbfb905bb1c195b6", State: "RUNNING", LastModification: 1795226860972, Tasks: map[string]int{"total": 6, "running": 6}},
		restarting: {ID: "e31f1a6c2760870897c64358cc4f2efe", State: "RESTARTING", LastModification: 1795229433195, Tasks: map[string]int{"total": 6, "canceled": 5, "failed": 1}},
	} {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/jobs/overview"] = recorded(t, folder, "jobs")
			got, err := New(Options{}).Jobs(t.Context(), j.target())
			if err != nil {
				t.Fatal(err)
			}
			for _, job := range got {
				dropZeros(job.Tasks)
			}
			if diff := cmp.Diff([]JobSummary{want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// dropZeros leaves the states in which there are subtasks.
func dropZeros(tasks map[string]int) {
	for state, n := range tasks {
		if n == 0 {
			delete(tasks, state)
		}
	}
}

func TestJob(t *testing.T) {
	hash := []Edge{{From: sourceID, Ship: "HASH"}}
	vertices := func(parallelism int, group, work string, source, worker Vertex) []Vertex {
		source.ID, source.Name, worker.ID, worker.Name, worker.Inputs = sourceID, "Source: input", workID, work, hash
		for _, v := range []*Vertex{&source, &worker} {
			v.SlotGroup, v.MaxParallelism, v.Parallelism, v.Tasks, v.Complete = group, 128, parallelism, map[string]int{"RUNNING": parallelism}, true
		}
		return []Vertex{source, worker}
	}
	tests := map[string]struct {
		now, running int64
		vertices     []Vertex
	}{
		flink1_13: {1795229048518, 1795229047587, vertices(2, "", "work -> Sink: discard",
			Vertex{Times: Times{Missing: true}, RecordsOut: 59394}, Vertex{Times: Times{Missing: true}, RecordsIn: 1564})},
		flink1_17: {1795228998748, 1795228998359, vertices(2, "", "work -> Sink: discard",
			Vertex{Times: Times{Busy: 225, Idle: 171, Backpressured: 128}, RecordsOut: 59433}, Vertex{Times: Times{Busy: 383, Idle: 132}, RecordsIn: 349})},
		flink1_20: {1795228962073, 1795228961648, vertices(2, "4a77a454a448904fe9d9cc14d08a46ba", "work -> discard: Writer",
			Vertex{Times: Times{Busy: 57, Idle: 510}, RecordsOut: 3939}, Vertex{Times: Times{Busy: 413, Idle: 122}, RecordsIn: 383})},
		overloaded: {1795228403555, 1795228328316, vertices(2, "9cba38a9f2cc781e04c02b483981c84e", "work -> discard: Writer",
			Vertex{Times: Times{Busy: 812, Idle: 336, Backpressured: 148997}, RecordsIn: 203910, RecordsOut: 203910},
			Vertex{Times: Times{Busy: 149894, Idle: 295}, RecordsIn: 149659})},
		running: {1795227038309, 1795226860100, vertices(3, "ce4e4e911d3e736db2d33500bce7ffa0", "work -> discard: Writer",
			Vertex{Times: Times{Busy: 6661, Idle: 526082}, RecordsIn: 342099, RecordsOut: 342099}, Vertex{Times: Times{Busy: 344245, Idle: 189005}, RecordsIn: 342037})},
	}
	for folder, want := range tests {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/jobs/"+jobID] = recorded(t, folder, "job")
			got, err := New(Options{}).Job(t.Context(), j.target(), jobID)
			if err != nil {
				t.Fatal(err)
			}
			if got.State != "RUNNING" || got.Now != want.now || got.Timestamps["RUNNING"] != want.running || !got.Planned {
				t.Errorf("got %+v", got)
			}
			for _, vertex := range got.Vertices {
				dropZeros(vertex.Tasks)
			}
			if diff := cmp.Diff(want.vertices, got.Vertices); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSubtasks(t *testing.T) {
	for folder, want := range map[string][]Subtask{
		flink1_13: {
			{Index: 0, State: "RUNNING", Attempt: 5, Start: 1795229047588, Times: Times{Missing: true}, RecordsOut: 29921, Complete: true},
			{Index: 1, State: "RUNNING", Attempt: 4, Start: 1795229047588, Times: Times{Missing: true}, RecordsOut: 29473, Complete: true},
		},
		flink1_17: {
			{Index: 0, State: "RUNNING", Attempt: 5, Start: 1795228998361, Times: Times{Busy: 109, Idle: 96, Backpressured: 53}, RecordsOut: 29934, Complete: true},
			{Index: 1, State: "RUNNING", Attempt: 4, Start: 1795228998361, Times: Times{Busy: 116, Idle: 75, Backpressured: 75}, RecordsOut: 29499, Complete: true},
		},
		running: {
			{Index: 0, State: "RUNNING", Attempt: 1, Start: 1795226860101, Times: Times{Busy: 2315, Idle: 174976}, RecordsIn: 113557, RecordsOut: 113557, Complete: true},
			{Index: 1, State: "RUNNING", Attempt: 0, Start: 1795226860102, Times: Times{Busy: 2317, Idle: 175180}, RecordsIn: 113450, RecordsOut: 113450, Complete: true},
			{Index: 2, State: "RUNNING", Attempt: 0, Start: 1795226860103, Times: Times{Busy: 2029, Idle: 175926}, RecordsIn: 115092, RecordsOut: 115092, Complete: true},
		},
	} {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers[vertexPath(jobID, vertexID)] = recorded(t, folder, "vertex")
			got, err := New(Options{}).Subtasks(t.Context(), j.target(), jobID, vertexID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	for _, folder := range []string{flink1_13, flink1_17, flink1_20, overloaded} {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/jobmanager/config"] = recorded(t, folder, "config")
			got, err := New(Options{}).Config(t.Context(), j.target())
			if err != nil || got["scheduler-mode"] != "reactive" || got["taskmanager.numberOfTaskSlots"] != "1" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
