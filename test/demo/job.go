package demo

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/flink-hpa/flink-hpa/test/flinkrest"
	"github.com/flink-hpa/flink-hpa/test/report"
)

// refreshed is how long after a restart a job's metrics may still be those from before: Flink reads them every 10 s.
const refreshed = 12 * time.Second

// seeJob asks the JobManager.
func (w *watcher) seeJob(ctx context.Context, p *report.Point, now time.Time) {
	job, err := w.flink.Job(ctx)
	if err != nil || job.State != "RUNNING" {
		return
	}
	// A job that waits for TaskManagers says RUNNING too, with its largest parallelism.
	taskManagers, err := w.flink.TaskManagers(ctx)
	if err != nil || job.Parallelism() > len(taskManagers) {
		return
	}
	if job.RunningFrom != w.runningFrom {
		if w.parallelism != 0 && job.Parallelism() != w.parallelism {
			w.rescaledAt = append(w.rescaledAt, p.T)
		}
		w.parallelism, w.runningFrom = job.Parallelism(), job.RunningFrom
	}
	p.BusyPerTaskManager, p.CPUPerTaskManager = map[string]float64{}, map[string]float64{}
	seen := map[string]flinkrest.Subtask{}
	for _, vertex := range job.Vertices {
		if strings.HasPrefix(vertex.Name, "work") && now.Sub(job.RunningFrom) > refreshed {
			count, ok, err := w.flink.VertexMetric(ctx, job.ID, vertex, "work.recordsProcessedTotal")
			if err == nil && ok {
				w.processed = new(int64(count))
			}
		}
		w.seeSubtasks(ctx, job.ID, vertex.ID, seen, p)
	}
	w.busy = seen
	for _, id := range taskManagers {
		if cpu, ok, err := w.flink.CPULoad(ctx, id); err == nil && ok {
			p.CPUPerTaskManager[w.podOf(id)] = cpu * float64(runtime.NumCPU())
		}
	}
}

// seeSubtasks works out the busy share of each TaskManager since the last sample: that of its busiest subtask.
func (w *watcher) seeSubtasks(ctx context.Context, job, vertex string, seen map[string]flinkrest.Subtask, p *report.Point) {
	subtasks, err := w.flink.Subtasks(ctx, job, vertex)
	if err != nil {
		return
	}
	for _, now := range subtasks {
		key := fmt.Sprint(vertex, now.Subtask, now.TaskManager, now.Start)
		before, ok := w.busy[key]
		busy, all := now.Metrics.Busy-before.Metrics.Busy, total(now)-total(before)
		switch name := w.podOf(now.TaskManager); {
		case !ok:
			seen[key] = now
		case all <= 0:
			// Flink reads the metrics every few seconds: nothing new yet.
			seen[key] = before
			if last := w.last(name); last != nil {
				p.BusyPerTaskManager[name] = max(p.BusyPerTaskManager[name], *last)
			}
		default:
			seen[key] = now
			p.BusyPerTaskManager[name] = max(p.BusyPerTaskManager[name], min(1, busy/all))
		}
	}
}

func total(s flinkrest.Subtask) float64 {
	return s.Metrics.Busy + s.Metrics.Idle + s.Metrics.Backpressured
}

// last is the TaskManager's busy share in the previous point.
func (w *watcher) last(name string) *float64 {
	if len(w.points) == 0 {
		return nil
	}
	if busy, ok := w.points[len(w.points)-1].BusyPerTaskManager[name]; ok {
		return new(busy)
	}
	return nil
}

// podOf is the name of the pod that a TaskManager, ADDRESS:PORT-ID, runs in.
func (w *watcher) podOf(taskManager string) string {
	host, _, err := net.SplitHostPort(taskManager)
	if name, ok := w.pods[host]; err == nil && ok {
		return name
	}
	return taskManager
}
