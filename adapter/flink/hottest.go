package flink

import (
	"context"
	"slices"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// hottest is what was seen lately of the subtasks of the busiest vertex.
type hottest struct {
	epoch  epoch
	vertex string
	looks  []subtasksLook
}

type subtasksLook struct {
	now   int64 // ms, by the JobManager's clock
	times []rest.Times
}

// readHottest asks for the subtasks of the vertex that is busiest now. It is for one reason more or less, so it fails in silence.
func (c *Collector) readHottest(ctx context.Context, r round, m *memory) {
	_, busiest := r.window.ratios()
	vertex := r.job.epoch.vertices[busiest].id
	subtasks, err := c.rest.Subtasks(ctx, r.target, r.job.epoch.job, vertex)
	if err != nil || slices.ContainsFunc(subtasks, unusable) {
		return
	}
	times := make([]rest.Times, len(subtasks))
	for i, subtask := range subtasks {
		times[i] = subtask.Times
	}
	m.hottest.add(r.job.epoch, vertex, subtasksLook{r.job.now, times}, c.opts.Window)
}

func unusable(s rest.Subtask) bool { return !s.Complete || s.Times.Missing || s.Times.Unusable }

func (h *hottest) add(e epoch, vertex string, next subtasksLook, window time.Duration) {
	if !h.epoch.equal(e) || h.vertex != vertex || len(h.looks) > 0 && len(h.looks[0].times) != len(next.times) {
		*h = hottest{epoch: e, vertex: vertex}
	}
	h.looks = append(h.looks, next)
	for len(h.looks) > 1 && next.now-h.looks[1].now >= window.Milliseconds() {
		h.looks = h.looks[1:]
	}
}

// share is the busy share of the busiest subtask of that vertex, over as much of the window as was seen; 0 when that is less
// than a refresh of the metrics.
func (h *hottest) share(e epoch, vertex string) float64 {
	if len(h.looks) < 2 || !h.epoch.equal(e) || h.vertex != vertex {
		return 0
	}
	first, last := h.looks[0], h.looks[len(h.looks)-1]
	if last.now-first.now < metricRefresh.Milliseconds() {
		return 0
	}
	highest := 0.0
	for i, to := range last.times {
		from := first.times[i]
		if all := elapsed(to) - elapsed(from); all > 0 {
			highest = max(highest, min((to.Busy-from.Busy)/all, 1))
		}
	}
	return highest
}
