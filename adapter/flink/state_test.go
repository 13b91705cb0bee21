package flink

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func read[T any](t testing.TB, path ...string) T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	var answer T
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// answers are the three that a round gets. The recorded ones are of a job with two vertices, three times parallel.
type answers struct {
	cluster overview
	jobs    jobsOverview
	detail  jobDetail
}

func recorded(t testing.TB, folder string) answers {
	return answers{read[overview](t, folder, "overview.json"), read[jobsOverview](t, folder, "jobs_overview.json"), read[jobDetail](t, folder, "job.json")}
}

func (a answers) observe() (observation, error) {
	job, err := a.jobs.onlyJob()
	if err != nil {
		return observation{}, err
	}
	return observe(a.cluster, job, a.detail)
}

func TestObserve(t *testing.T) {
	tests := []struct {
		name   string
		change func(*answers)
		want   error
	}{
		{"a job that runs with all its slots counts", func(*answers) {}, nil},
		{"jobs that have ended are passed over", func(a *answers) {
			for _, state := range []string{"FINISHED", "CANCELED", "FAILED"} {
				a.jobs.Jobs = append(a.jobs.Jobs, jobSummary{State: state})
			}
		}, nil},
		{"a subtask that has finished is fine", func(a *answers) { a.detail.Vertices[0].Tasks = map[string]int{"RUNNING": 2, "FINISHED": 1} }, nil},
		{"slots beyond the max parallelism are no rescale", func(a *answers) {
			a.cluster.SlotsTotal = 8
			for i := range a.detail.Vertices {
				a.detail.Vertices[i].MaxParallelism = 3
			}
		}, nil},
		{"too few spare slots for two slot-sharing groups are no rescale", func(a *answers) {
			a.detail.Vertices[1].SlotGroup, a.cluster.SlotsTotal = "other", 7
		}, nil},
		{"no job", func(a *answers) { a.jobs.Jobs = nil }, errNoJob},
		{"only a job that has ended", func(a *answers) { a.jobs.Jobs[0].State = "FAILED" }, errNoJob},
		{"two jobs", func(a *answers) { a.jobs.Jobs = append(a.jobs.Jobs, jobSummary{State: "RESTARTING"}) }, errSeveralJobs},
		{"an id that is none", func(a *answers) { a.jobs.Jobs[0].ID = "../../config" }, errJobID},
		{"the job restarts", func(a *answers) { a.jobs.Jobs[0].State = "RESTARTING" }, errNotRunning},
		{"the job waits for TaskManagers", func(a *answers) { a.detail.State, a.jobs.Jobs[0].State = "CREATED", "CREATED" }, errNotRunning},
		{"the job never ran", func(a *answers) { a.detail.Timestamps["RUNNING"] = 0 }, errNotRunning},
		{"a subtask is being cancelled, which the cached details don't show", func(a *answers) {
			a.jobs.Jobs[0].Tasks = map[string]int{"running": 5, "canceling": 1, "total": 6}
		}, errTasks},
		{"the cached details have another parallelism", func(a *answers) {
			a.jobs.Jobs[0].Tasks = map[string]int{"running": 8, "total": 8}
		}, errOutdated},
		{"a subtask is being deployed", func(a *answers) { a.detail.Vertices[1].Tasks = map[string]int{"RUNNING": 2, "DEPLOYING": 1} }, errTasks},
		{"a subtask has failed", func(a *answers) { a.detail.Vertices[1].Tasks = map[string]int{"RUNNING": 2, "FAILED": 1} }, errTasks},
		{"a subtask is not there yet", func(a *answers) { a.detail.Vertices[1].Tasks = map[string]int{"RUNNING": 2} }, errTasks},
		{"a subtask's metrics are missing", func(a *answers) { a.detail.Vertices[0].Metrics.Complete = false }, errIncomplete},
		{"no vertices", func(a *answers) { a.detail.Vertices = nil }, errNotRunning},
		{"a TaskManager has come", func(a *answers) { a.cluster.SlotsTotal = 4 }, errRescale},
		{"a TaskManager has gone", func(a *answers) { a.cluster.SlotsTotal = 2 }, errRescale},
		{"a slot for each of two slot-sharing groups has come", func(a *answers) {
			a.detail.Vertices[1].SlotGroup, a.cluster.SlotsTotal = "other", 8
		}, errRescale},
		{"one of two slot-sharing groups has lost a slot", func(a *answers) {
			a.detail.Vertices[1].SlotGroup, a.cluster.SlotsTotal = "other", 5
		}, errRescale},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := recorded(t, "running")
			test.change(&a)
			if _, err := a.observe(); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestObserveRecordedAnswers(t *testing.T) {
	a := recorded(t, "running")
	o, err := a.observe()
	if err != nil {
		t.Fatal(err)
	}
	want := times{busy: 344245, idle: 189005, backpressured: 0}
	if o.epoch.running != 1795226860100 || o.settled != 1795227038309-1795226860972 || o.times[1] != want || o.epoch.vertices[1].parallelism != 3 {
		t.Errorf("got %+v", o)
	}

	// While the job restarts, /jobs/:id still comes from the cache and says RUNNING.
	a = answers{jobs: read[jobsOverview](t, "restarting", "jobs_overview.json"), detail: read[jobDetail](t, "restarting", "job.json"), cluster: overview{SlotsTotal: 4}}
	if _, err := a.observe(); a.detail.State != "RUNNING" || !errors.Is(err, errNotRunning) {
		t.Errorf("restarting: %v", err)
	}
	// Its subtasks tell it as well.
	a.jobs.Jobs[0].State = "RUNNING"
	if _, err := a.observe(); !errors.Is(err, errTasks) {
		t.Errorf("its subtasks end: %v", err)
	}

	if o, err := recorded(t, "flink-1.17").observe(); err != nil || o.times[0] != (times{busy: 225, idle: 171, backpressured: 128}) {
		t.Errorf("1.17: %+v, %v", o, err)
	}
	if o, err := recorded(t, "flink-1.13").observe(); err != nil || !o.times[0].missing {
		t.Errorf("1.13: %+v, %v", o, err)
	}
}

func TestVertexMetrics(t *testing.T) {
	tests := []struct {
		name string
		json string
		want times
	}{
		{"numbers", `{"accumulated-busy-time": 3.5, "accumulated-idle-time": 1, "accumulated-backpressured-time": 2}`, times{busy: 3.5, idle: 1, backpressured: 2}},
		{"numbers as strings", `{"accumulated-busy-time": "3.5", "accumulated-idle-time": 1, "accumulated-backpressured-time": 2}`, times{busy: 3.5, idle: 1, backpressured: 2}},
		{"NaN is unusable", `{"accumulated-busy-time": "NaN", "accumulated-idle-time": 1, "accumulated-backpressured-time": 2}`, times{unusable: true}},
		{"Infinity is unusable", `{"accumulated-busy-time": "-Infinity", "accumulated-idle-time": 1, "accumulated-backpressured-time": 2}`, times{unusable: true}},
		{"too large for a double is unusable", `{"accumulated-busy-time": 1e999, "accumulated-idle-time": 1, "accumulated-backpressured-time": 2}`, times{unusable: true}},
		{"a part that is absent is missing", `{"accumulated-busy-time": 3.5, "accumulated-idle-time": 1}`, times{missing: true}},
		{"null is missing", `{"accumulated-busy-time": null, "accumulated-idle-time": 1, "accumulated-backpressured-time": 2}`, times{missing: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var m vertexMetrics
			if err := json.Unmarshal([]byte(test.json), &m); err != nil {
				t.Fatal(err)
			}
			if got := m.times(); got != test.want || !m.Complete {
				t.Errorf("got %+v, complete %t", got, m.Complete)
			}
		})
	}
	for _, incomplete := range []string{`{"read-bytes-complete": true, "write-records-complete": false}`, `{"anything-complete": null}`} {
		var m vertexMetrics
		if err := json.Unmarshal([]byte(incomplete), &m); err != nil || m.Complete {
			t.Errorf("%s: complete %t, %v", incomplete, m.Complete, err)
		}
	}
	var m vertexMetrics
	if err := json.Unmarshal([]byte(`{"accumulated-busy-time": "soon"}`), &m); err == nil {
		t.Error("a word passes for a number")
	}
}

// FuzzAnswers feeds two rounds with whatever a JobManager might send: no panic, and a ratio is one.
func FuzzAnswers(f *testing.F) {
	for _, folder := range []string{"running", "flink-1.17", "flink-1.13"} {
		var documents [][]byte
		for _, name := range []string{"overview.json", "jobs_overview.json", "job.json"} {
			data, err := os.ReadFile(filepath.Join("testdata", folder, name))
			if err != nil {
				f.Fatal(err)
			}
			documents = append(documents, data)
		}
		f.Add(documents[0], documents[1], documents[2], int64(5000), 1e3)
	}
	f.Add([]byte(`{"slots-total":1}`), []byte(fmt.Sprintf(`{"jobs":[{"jid":"%032d","state":"RUNNING","tasks":{"running":1,"total":1}}]}`, 1)),
		[]byte(`{"state":"RUNNING","now":90000,"timestamps":{"RUNNING":1},"vertices":[{"parallelism":1,"tasks":{"RUNNING":1},"metrics":{"accumulated-busy-time":1,"accumulated-idle-time":"NaN"}}]}`), int64(-1), -5.0)
	f.Fuzz(func(t *testing.T, first, second, third []byte, step int64, growth float64) {
		var a answers
		for data, into := range map[*[]byte]any{&first: &a.cluster, &second: &a.jobs, &third: &a.detail} {
			if json.Unmarshal(*data, into) != nil {
				return
			}
		}
		var h history
		for range 8 {
			o, err := a.observe()
			if err != nil {
				return
			}
			h.add(o, time.Unix(0, 0), 20*time.Second, 20*time.Second)
			if ratio, _, err := h.busy(20 * time.Second); err == nil && !(ratio >= 0 && ratio <= 1) {
				t.Fatalf("ratio %v", ratio)
			}
			a.detail.Now += step
			for i := range a.detail.Vertices {
				if busy := a.detail.Vertices[i].Metrics.Busy; busy != nil {
					*busy += number(growth)
				}
			}
		}
	})
}
