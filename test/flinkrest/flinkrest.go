// Package flinkrest asks a JobManager what the demo and the tests want to know, apart from the adapter, so that they don't
// judge the adapter by its own word.
package flinkrest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client asks one JobManager.
type Client struct {
	base string
	http *http.Client
}

// New returns a client of the JobManager whose REST listens on address, HOST:PORT.
func New(address string) *Client {
	return &Client{base: "http://" + address, http: &http.Client{Timeout: 5 * time.Second}}
}

// Get reads the JSON answer of a path into out.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}

// Cancel ends a job, as a person does in Flink's own page.
func (c *Client) Cancel(ctx context.Context, job string) error {
	path := "/jobs/" + job + "?mode=cancel"
	request, err := http.NewRequestWithContext(ctx, http.MethodPatch, c.base+path, nil)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		return fmt.Errorf("PATCH %s: %s", path, answer.Status)
	}
	return nil
}

// Config is the JobManager's configuration.
func (c *Client) Config(ctx context.Context) (map[string]string, error) {
	var entries []struct{ Key, Value string }
	if err := c.Get(ctx, "/jobmanager/config", &entries); err != nil {
		return nil, err
	}
	config := map[string]string{}
	for _, entry := range entries {
		config[entry.Key] = entry.Value
	}
	return config, nil
}

// Job is the cluster's one job.
type Job struct {
	ID          string
	State       string
	RunningFrom time.Time // when it last became RUNNING
	Vertices    []Vertex
}

// Vertex is one vertex of a job.
type Vertex struct {
	ID, Name    string
	Parallelism int
	Tasks       map[string]int // subtasks by their state
}

// Parallelism is the largest of the vertices'.
func (j Job) Parallelism() int {
	highest := 0
	for _, v := range j.Vertices {
		highest = max(highest, v.Parallelism)
	}
	return highest
}

// AllRun says whether every subtask of every vertex runs. A job that is RUNNING may still deploy some.
func (j Job) AllRun() bool {
	for _, v := range j.Vertices {
		if v.Tasks["RUNNING"] != v.Parallelism {
			return false
		}
	}
	return j.State == "RUNNING" && len(j.Vertices) > 0
}

// Job reads the one job; an error when there is none, or several.
func (c *Client) Job(ctx context.Context) (Job, error) {
	var overview struct {
		Jobs []struct{ Jid, State string }
	}
	if err := c.Get(ctx, "/jobs/overview", &overview); err != nil {
		return Job{}, err
	}
	if len(overview.Jobs) != 1 {
		return Job{}, fmt.Errorf("the JobManager has %d jobs, not one", len(overview.Jobs))
	}
	var detail struct {
		Timestamps map[string]int64
		Vertices   []Vertex
	}
	id := overview.Jobs[0].Jid
	if err := c.Get(ctx, "/jobs/"+id, &detail); err != nil {
		return Job{}, err
	}
	return Job{
		ID: id, State: overview.Jobs[0].State,
		RunningFrom: time.UnixMilli(detail.Timestamps["RUNNING"]), Vertices: detail.Vertices,
	}, nil
}

// VertexMetric is the sum of a metric over the subtasks of a vertex; false while not every subtask has reported it, as in
// the first seconds after a rescale.
func (c *Client) VertexMetric(ctx context.Context, job string, vertex Vertex, metric string) (float64, bool, error) {
	var names []string
	for subtask := range vertex.Parallelism {
		names = append(names, url.QueryEscape(fmt.Sprintf("%d.%s", subtask, metric)))
	}
	var values []struct{ Value string }
	path := "/jobs/" + job + "/vertices/" + vertex.ID + "/metrics?get=" + strings.Join(names, ",")
	if err := c.Get(ctx, path, &values); err != nil || len(values) != vertex.Parallelism {
		return 0, false, err
	}
	sum := 0.0
	for _, value := range values {
		number, err := strconv.ParseFloat(value.Value, 64)
		if err != nil {
			return 0, false, fmt.Errorf("metric %s of vertex %s: %w", metric, vertex.Name, err)
		}
		sum += number
	}
	return sum, true, nil
}

// Subtask is what one subtask has done with its time since it started.
type Subtask struct {
	Subtask     int
	TaskManager string `json:"taskmanager-id"`
	Start       int64  `json:"start-time"`
	Metrics     struct {
		Busy          float64 `json:"accumulated-busy-time"` // ms
		Idle          float64 `json:"accumulated-idle-time"`
		Backpressured float64 `json:"accumulated-backpressured-time"`
	}
}

// Subtasks reads the subtasks of a vertex.
func (c *Client) Subtasks(ctx context.Context, job, vertex string) ([]Subtask, error) {
	var detail struct{ Subtasks []Subtask }
	err := c.Get(ctx, "/jobs/"+job+"/vertices/"+vertex, &detail)
	return detail.Subtasks, err
}

// TaskManagers are the ids of the registered TaskManagers.
func (c *Client) TaskManagers(ctx context.Context) ([]string, error) {
	var answer struct{ Taskmanagers []struct{ ID string } }
	if err := c.Get(ctx, "/taskmanagers", &answer); err != nil {
		return nil, err
	}
	var ids []string
	for _, t := range answer.Taskmanagers {
		ids = append(ids, t.ID)
	}
	return ids, nil
}

// CPULoad is the share of the machine's CPU time that a TaskManager uses, 0..1; false while it hasn't reported one.
func (c *Client) CPULoad(ctx context.Context, taskManager string) (float64, bool, error) {
	var values []struct{ Value string }
	path := "/taskmanagers/" + url.PathEscape(taskManager) + "/metrics?get=Status.JVM.CPU.Load"
	if err := c.Get(ctx, path, &values); err != nil || len(values) != 1 {
		return 0, false, err
	}
	load, err := strconv.ParseFloat(values[0].Value, 64)
	return load, err == nil && load >= 0, nil
}
