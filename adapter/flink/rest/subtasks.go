package rest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Subtask is one subtask of a vertex. Its numbers are since it started.
type Subtask struct {
	Index      int
	State      string // in upper case
	Attempt    int
	Start      int64
	Times      Times
	RecordsIn  float64 // as a vertex's
	RecordsOut float64
	Complete   bool // its numbers have arrived; when false records are 0 and times may lack some
}

// Subtasks is GET /jobs/:id/vertices/:id, ordered by index.
func (c *Client) Subtasks(ctx context.Context, to Target, job, vertex string) ([]Subtask, error) {
	return get(ctx, c, to, RequestVertex, vertexPath(job, vertex), "", vertexAnswer.subtasks)
}

func vertexPath(job, vertex string) string { return "/jobs/" + job + "/vertices/" + vertex }

type vertexAnswer struct {
	Subtasks []struct {
		Index   *int     `json:"subtask"`
		State   string   `json:"status"`
		Attempt int      `json:"attempt"`
		Start   int64    `json:"start-time"` // -1 before it has one
		Metrics counters `json:"metrics"`
	} `json:"subtasks"`
}

func (a vertexAnswer) subtasks() ([]Subtask, error) {
	if len(a.Subtasks) == 0 {
		return nil, lacking("subtasks")
	}
	subtasks := make([]Subtask, 0, len(a.Subtasks))
	for _, s := range a.Subtasks {
		if s.Index == nil {
			return nil, lacking("subtask")
		}
		in, out, complete := s.Metrics.records()
		subtasks = append(subtasks, Subtask{
			Index: *s.Index, State: s.State, Attempt: s.Attempt, Start: max(s.Start, 0),
			Times: s.Metrics.times(), RecordsIn: in, RecordsOut: out, Complete: complete,
		})
	}
	slices.SortFunc(subtasks, func(a, b Subtask) int { return cmp.Compare(a.Index, b.Index) })
	for i, s := range subtasks {
		if s.Index != i {
			return nil, fmt.Errorf("%w: its subtasks are not numbered from 0 to %d", errAnswer, len(subtasks)-1)
		}
	}
	return subtasks, nil
}

// Gauges are how a vertex's subtasks spend their time, in ms per second summed over them: 1000 for each. They are averages
// over 60 s (1.17 and later) or 5 s; accumulated times are better where Flink has them. When they are Missing or
// Unusable the three are 0 and mean nothing.
type Gauges struct {
	Busy, Idle, Backpressured float64
	Missing                   bool // the JobManager does not have them yet
	Unusable                  bool // NaN or Infinity: the busy time of a source of the old kind
}

const (
	busyGauge          = "busyTimeMsPerSecond"
	idleGauge          = "idleTimeMsPerSecond"
	backpressuredGauge = "backPressuredTimeMsPerSecond"
)

// Gauges reads the gauges of a vertex that has so many subtasks.
func (c *Client) Gauges(ctx context.Context, to Target, job, vertex string, parallelism int) (Gauges, error) {
	query := metricsQuery([]string{busyGauge, idleGauge, backpressuredGauge}, "sum", subtasksOf(parallelism))
	return get(ctx, c, to, RequestGauges, metricsPath(job, vertex), query, aggregates.gauges)
}

func (a aggregates) gauges() (Gauges, error) {
	times := timesOf(a.byName(busyGauge).Sum, a.byName(idleGauge).Sum, a.byName(backpressuredGauge).Sum)
	return Gauges(times), nil
}
