package heartbeat

import (
	"context"
	"fmt"
	"time"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
)

// watcher measures both jobs.
type watcher struct {
	bed     *bed.Bed
	kafka   sarama.Client
	probe   *load.Probe
	jobs    [2]job
	start   time.Time
	show    bool // a row of the live table, now and then
	shown   time.Time
	moments []moment
}

// newWatcher installs both jobs, and returns when both run on at least one TaskManager.
func newWatcher(ctx context.Context, b *bed.Bed, root string) (*watcher, error) {
	kafka, err := load.Connect([]string{b.Kafka})
	if err != nil {
		return nil, err
	}
	probe, err := load.NewProbe(kafka)
	if err != nil {
		return nil, err
	}
	w := &watcher{bed: b, kafka: kafka, probe: probe, jobs: jobs(), start: time.Now()}
	for i := range w.jobs {
		if w.jobs[i].flink, err = w.jobs[i].apply(ctx, b, root); err != nil {
			return nil, err
		}
	}
	err = w.until(ctx, "both jobs run", func() bool {
		last := w.moments[len(w.moments)-1].Jobs
		return last[defaults].Parallelism > 0 && last[injected].Parallelism > 0
	})
	w.moments = nil
	return w, err
}

func (w *watcher) close() { _ = w.kafka.Close() }

// now is the time since the start, in seconds.
func (w *watcher) now() float64 { return time.Since(w.start).Seconds() }

// until samples till done says so.
func (w *watcher) until(ctx context.Context, what string, done func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stepWithin, fmt.Errorf("not within %s", stepWithin))
	defer cancel()
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w; logs are in %s", what, context.Cause(ctx), w.bed.Logs)
		case <-ticker.C:
		}
		m := w.sample(ctx)
		w.moments = append(w.moments, m)
		if w.show && time.Since(w.shown) >= showEvery {
			w.shown = time.Now()
			w.bed.Line("%s", row(m))
		}
		if done() {
			return nil
		}
	}
}

func (w *watcher) settled() bool {
	return steady(w.moments, defaults, taskManagers) && steady(w.moments, injected, taskManagers)
}

// sample measures once. What can't be measured now is left unknown.
func (w *watcher) sample(ctx context.Context) moment {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	m := moment{T: w.now()}
	for i := range w.jobs {
		m.Jobs[i] = w.sampleJob(ctx, w.jobs[i])
	}
	return m
}

func (w *watcher) sampleJob(ctx context.Context, j job) state {
	var s state
	if committed, err := w.probe.Committed(j.namespace, bed.Topic); err == nil {
		if ends, err := w.probe.LogEndOffsets(bed.Topic); err == nil {
			if behind, ok := ends.Behind(committed); ok {
				s.Lag = &behind
			}
		}
	}
	if ids, err := j.flink.TaskManagers(ctx); err == nil {
		s.TaskManagers = len(ids)
	}
	job, err := j.flink.Job(ctx)
	// A job that waits for TaskManagers says RUNNING too, with its largest parallelism.
	if err == nil && job.AllRun() && job.Parallelism() <= s.TaskManagers {
		s.Parallelism, s.RunningFrom = job.Parallelism(), job.RunningFrom.Sub(w.start).Seconds()
	}
	return s
}
