package rest

import (
	"context"
	"fmt"
)

// Job is a job in detail. States, timestamps and parallelism may be 3 s old; Now and the metrics are of the moment.
type Job struct {
	State      string
	Now        int64            // when it was answered
	Timestamps map[string]int64 // state -> when it was entered last
	Vertices   []Vertex         // upper ones first
	Planned    bool             // the plan has every vertex, so that their Inputs are known
}

// Vertex is a vertex of the job graph. Its numbers are sums over its subtasks since they started.
type Vertex struct {
	ID             string // 32 hexadecimal digits
	Name           string
	SlotGroup      string // id of its slot-sharing group; empty before 1.20, where one group counts for all
	MaxParallelism int
	Parallelism    int
	Tasks          map[string]int // state in upper case -> subtasks in it
	Inputs         []Edge         // none: it is a source, if the job is Planned
	Times          Times
	RecordsIn      float64 // from other vertices; of a source what it read, but 0 in Flink 1
	RecordsOut     float64 // to other vertices
	Complete       bool    // every subtask's numbers are in the sums; when false records are 0 and times may lack some
}

// Edge is an input of a vertex.
type Edge struct {
	From string `json:"id"`            // the upper vertex's ID
	Ship string `json:"ship_strategy"` // how records are dealt out: "HASH", "FORWARD", "REBALANCE" and others
}

// Job is GET /jobs/:id.
func (c *Client) Job(ctx context.Context, to Target, id string) (Job, error) {
	return get(ctx, c, to, RequestJob, "/jobs/"+id, "", jobAnswer.job)
}

type jobAnswer struct {
	State      string           `json:"state"`
	Now        int64            `json:"now"`
	Timestamps map[string]int64 `json:"timestamps"`
	Vertices   []struct {
		ID             string         `json:"id"`
		Name           string         `json:"name"`
		SlotGroup      string         `json:"slotSharingGroupId"`
		MaxParallelism int            `json:"maxParallelism"`
		Parallelism    int            `json:"parallelism"`
		Tasks          map[string]int `json:"tasks"`
		Metrics        counters       `json:"metrics"`
	} `json:"vertices"`
	Plan struct {
		Nodes []struct {
			ID     string `json:"id"`
			Inputs []Edge `json:"inputs"`
		} `json:"nodes"`
	} `json:"plan"`
}

func (a jobAnswer) job() (Job, error) {
	switch {
	case a.State == "":
		return Job{}, lacking("state")
	case a.Now == 0:
		return Job{}, lacking("now")
	}
	inputs := make(map[string][]Edge, len(a.Plan.Nodes))
	for _, node := range a.Plan.Nodes {
		inputs[node.ID] = node.Inputs
	}
	job := Job{State: a.State, Now: a.Now, Timestamps: a.Timestamps, Vertices: make([]Vertex, 0, len(a.Vertices)), Planned: true}
	for _, v := range a.Vertices {
		if !isID(v.ID) {
			return Job{}, fmt.Errorf("%w: a vertex's id is not 32 hexadecimal digits", errAnswer)
		}
		edges, planned := inputs[v.ID]
		job.Planned = job.Planned && planned
		in, out, complete := v.Metrics.records()
		job.Vertices = append(job.Vertices, Vertex{
			ID: v.ID, Name: v.Name, SlotGroup: v.SlotGroup, MaxParallelism: v.MaxParallelism, Parallelism: v.Parallelism, Tasks: v.Tasks,
			Inputs: edges, Times: v.Metrics.times(), RecordsIn: in, RecordsOut: out, Complete: complete,
		})
	}
	return job, nil
}
