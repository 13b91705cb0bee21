package flink

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

const (
	jobID    = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
	sourceID = "c3919b0b80c770dcaba928458d2e49b0"
	workID   = "674df9b0384c0348e0b9d1034a44c46c"
)

// stub is a JobManager over HTTP, with the pace of a real one: it renews the metrics of its TaskManagers at most every 10 s,
// only when it is asked for them, and answers that question with those of before.
type stub struct {
	JobManager
	clock *clocktesting.FakeClock
	ahead time.Duration // of the JobManager's clock

	mu           sync.Mutex
	requests     int
	broken       map[string]bool // paths that answer with status 500
	jobs         []string        // ids; without any there is no job
	state        string
	running      time.Time // by our clock
	changed      time.Time // likewise
	taskManagers int
	metered      int // TaskManagers whose metrics are there; 0: of all
	slots        int
	vertices     []*stubVertex
	interval     time.Duration // of checkpoints; 0: there are none
	completed    time.Time     // the newest checkpoint, by our clock
	heaps        stubHeaps

	instant          bool      // new metrics are there while a question is still being answered
	fetched, renewed time.Time // when those that are told were fetched, and those that are on their way
}

// stubVertex is a vertex whose numbers are a function of the seconds since the job went RUNNING.
type stubVertex struct {
	rest.Vertex
	numbers func(seconds float64) counters
	gauges  *rest.Gauges // of a version that does not add times up
	sources func(seconds float64) []rest.Source
}

// newStub returns one with a job of a source and what works on it, which has been RUNNING for ten minutes on two TaskManagers.
func newStub(t testing.TB, clock *clocktesting.FakeClock, name string) *stub {
	s := &stub{
		clock: clock, ahead: time.Hour, broken: map[string]bool{}, jobs: []string{jobID}, state: "RUNNING", taskManagers: 2, slots: 2, interval: 10 * time.Second,
		running: clock.Now().Add(-10 * time.Minute), completed: clock.Now(),
	}
	s.changed = s.running
	s.heaps = newStubHeaps()
	source := steady(counters{Times: rest.Times{Busy: 0.1, Idle: 0.9}, in: 100, out: 100})
	source.ID, source.Name = sourceID, "Source: orders"
	source.sources = func(seconds float64) []rest.Source {
		return []rest.Source{{Operator: "Source__orders", Pending: new(7.0), RecordsIn: new(100 * seconds), EventTimeLag: new(2 * time.Second)}}
	}
	work := steady(counters{Times: rest.Times{Busy: 0.75, Idle: 0.25}, in: 100})
	work.ID, work.Name, work.Inputs = workID, "work", []rest.Edge{{From: sourceID, Ship: "HASH"}}
	s.vertices = []*stubVertex{source, work}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.JobManager = JobManager{Namespace: "shop", Pod: name, Address: server.Listener.Addr().String()}
	return s
}

// steady is a vertex of two subtasks that does so much in each second: shares of a subtask's time, and records of all of them.
func steady(each counters) *stubVertex {
	const subtasks = 2
	return &stubVertex{
		Vertex: rest.Vertex{Parallelism: subtasks, MaxParallelism: 128, Tasks: map[string]int{"RUNNING": subtasks}},
		numbers: func(since float64) counters {
			ms := since * 1000 * subtasks
			return counters{
				Times: rest.Times{Busy: each.Busy * ms, Idle: each.Idle * ms, Backpressured: each.Backpressured * ms},
				in:    each.in * since, out: each.out * since,
			}
		},
	}
}

// change changes the stub while nobody is answered.
func (s *stub) change(f func(*stub)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *stub) took() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// restart has all subtasks start anew at another parallelism: their numbers stay functions of time.
func (s *stub) restart(parallelism int) {
	s.change(func(s *stub) {
		s.running, s.changed = s.clock.Now(), s.clock.Now()
		s.taskManagers, s.slots = parallelism, parallelism
		for _, v := range s.vertices {
			v.Parallelism, v.Tasks = parallelism, map[string]int{"RUNNING": parallelism}
		}
	})
}

func (s *stub) ms(t time.Time) int64 { return t.Add(s.ahead).UnixMilli() }

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	w.Header().Set("Content-Type", "application/json")
	if s.broken[r.URL.Path] || s.broken[""] {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer := s.answer(r)
	if answer == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(answer) // an error: nobody waits for it any more
}

func (s *stub) answer(r *http.Request) any {
	path, ofJob := strings.CutPrefix(r.URL.Path, "/jobs/"+jobID)
	switch {
	case r.URL.Path == "/overview":
		return map[string]any{"taskmanagers": s.taskManagers, "slots-total": s.slots, "flink-version": "2.3.0"}
	case r.URL.Path == "/jobs/overview":
		return s.list()
	case r.URL.Path == "/taskmanagers/metrics":
		return s.jvms(r)
	case r.URL.Path == "/jobmanager/config":
		return s.heaps.config()
	case r.URL.Path == "/taskmanagers":
		return s.listTaskManagers()
	case strings.HasPrefix(r.URL.Path, "/taskmanagers/"):
		return s.taskManager(r)
	case ofJob && path == "/exceptions":
		return s.heaps.exceptions()
	case ofJob && path == "":
		return s.detail()
	case ofJob && path == "/checkpoints/config":
		return map[string]any{"interval": s.interval.Milliseconds(), "timeout": 600000}
	case ofJob && path == "/checkpoints":
		return map[string]any{"latest": map[string]any{"completed": map[string]any{"trigger_timestamp": s.ms(s.completed)}}}
	}
	for _, v := range s.vertices {
		switch path {
		case "/vertices/" + v.ID:
			return s.subtasks(v)
		case "/vertices/" + v.ID + "/subtasks/metrics":
			return s.metrics(v, r)
		}
	}
	return nil
}

// seconds is up to when the metrics are that a question about them is answered with.
func (s *stub) seconds() float64 {
	now := s.clock.Now()
	if s.fetched.IsZero() {
		s.fetched = now
	}
	if s.renewed.After(s.fetched) && (s.instant || now.After(s.renewed)) {
		s.fetched = s.renewed
	}
	told := s.fetched
	if now.Sub(told) > metricRefresh && !s.renewed.After(told) {
		s.renewed = now
	}
	return told.Sub(s.running).Seconds()
}

func (s *stub) list() any {
	jobs := []map[string]any{}
	for _, id := range s.jobs {
		total := 0
		for _, v := range s.vertices {
			total += v.Parallelism
		}
		jobs = append(jobs, map[string]any{
			"jid": id, "state": s.state, "last-modification": s.ms(s.changed), "tasks": map[string]int{"running": total, "total": total},
		})
	}
	return map[string]any{"jobs": jobs}
}

func (s *stub) detail() any {
	seconds := s.seconds()
	vertices, nodes := []map[string]any{}, []map[string]any{}
	for _, v := range s.vertices {
		vertices = append(vertices, map[string]any{
			"id": v.ID, "name": v.Name, "slotSharingGroupId": v.SlotGroup, "parallelism": v.Parallelism, "maxParallelism": v.MaxParallelism,
			"tasks": v.Tasks, "metrics": numbers(v, v.numbers(seconds), 1),
		})
		nodes = append(nodes, map[string]any{"id": v.ID, "inputs": v.Inputs})
	}
	return map[string]any{
		"state": s.state, "now": s.ms(s.clock.Now()), "timestamps": map[string]int64{"RUNNING": s.ms(s.running)},
		"vertices": vertices, "plan": map[string]any{"nodes": nodes},
	}
}

func numbers(v *stubVertex, c counters, share float64) map[string]any {
	n := map[string]any{
		"read-bytes-complete": true, "write-bytes-complete": true, "read-records-complete": true, "write-records-complete": true,
		"read-records": c.in * share, "write-records": c.out * share,
	}
	if v.gauges == nil {
		n["accumulated-busy-time"], n["accumulated-idle-time"], n["accumulated-backpressured-time"] = c.Busy*share, c.Idle*share, c.Backpressured*share
		if c.Unusable {
			n["accumulated-busy-time"] = "NaN"
		}
	}
	return n
}

func (s *stub) subtasks(v *stubVertex) any {
	all := []map[string]any{}
	c := v.numbers(s.seconds())
	for i := range v.Parallelism {
		all = append(all, map[string]any{"subtask": i, "status": "RUNNING", "metrics": numbers(v, c, 1/float64(v.Parallelism))})
	}
	return map[string]any{"subtasks": all}
}
