// Package flink reads how busy Flink jobs are.
//
// Discovery finds the JobManager pod that a selector means; Collector polls JobManagers over Flink's REST API, three
// GETs each. Whether an answer counts (state.go) and what follows from several of them (busy.go) is arithmetic apart
// from all I/O.
package flink

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// parallelPolls bounds how many JobManagers are asked at the same time.
const parallelPolls = 64

// Job is what is known of one running job. Ratios are shares of its subtasks' time over the window, 0 to 1.
type Job struct {
	Busy float64 // of the busiest vertex
}

// Options of a collector.
type Options struct {
	Settle  time.Duration // after the job's last change, before anything counts
	Window  time.Duration // ratios are the growth over this
	Clock   clock.PassiveClock
	Running func(JobManager) bool // whether the pod is still there; one that is gone is not asked

	// Injected is what the webhook injected into the pod, as its annotation says it, and Compared hears once in each epoch
	// of a job which of that is not in force; also when nothing is left to say, and when the job is not polled any more.
	// Compared must not wait. Without it, nothing is compared.
	Injected func(JobManager) string
	Compared func(JobManager, []Override)
}

// Collector polls JobManagers and remembers a window of each. Poll is not safe for concurrent use.
type Collector struct {
	opts Options
	rest restClient
	jobs map[JobManager]*memory
}

// memory is a job's history and when it was last needed.
type memory struct {
	history
	compared epoch // in which what was injected was last compared
	polled   time.Time
}

// NewCollector returns a collector that remembers nothing.
func NewCollector(opts Options) *Collector {
	return &Collector{opts: opts, rest: newRESTClient(), jobs: map[JobManager]*memory{}}
}

// Poll takes one sample of the job in each JobManager, by the deadline of ctx.
func (c *Collector) Poll(ctx context.Context, jobManagers []JobManager) map[JobManager]snapshot.Sample[Job] {
	now := c.opts.Clock.Now()
	samples := make(map[JobManager]snapshot.Sample[Job], len(jobManagers))
	var mu sync.Mutex
	var polls errgroup.Group
	polls.SetLimit(parallelPolls)
	for _, jobManager := range jobManagers {
		m := c.jobs[jobManager]
		if m == nil {
			m = &memory{}
			c.jobs[jobManager] = m
		}
		m.polled = now
		polls.Go(func() error {
			sample := c.sample(ctx, jobManager, m)
			mu.Lock()
			defer mu.Unlock()
			samples[jobManager] = sample
			return nil
		})
	}
	_ = polls.Wait()
	for jobManager, m := range c.jobs {
		if now.Sub(m.polled) > 2*c.opts.Window { // what it holds is of no use any more
			delete(c.jobs, jobManager)
			if c.opts.Compared != nil {
				c.opts.Compared(jobManager, nil)
			}
		}
	}
	return samples
}

func (c *Collector) sample(ctx context.Context, jobManager JobManager, m *memory) snapshot.Sample[Job] {
	if !c.opts.Running(jobManager) {
		return snapshot.Fail[Job](fmt.Errorf("%w: the pod is gone", ErrNotFound))
	}
	at := c.opts.Clock.Now()
	o, err := c.observe(ctx, jobManager.Address)
	if err != nil {
		return snapshot.Fail[Job](err)
	}
	m.add(o, at, c.opts.Settle, c.opts.Window)
	c.compare(ctx, jobManager, m)
	busy, at, err := m.busy(c.opts.Window)
	if err != nil {
		return snapshot.Fail[Job](fmt.Errorf("job %s: %w", o.epoch.job, err))
	}
	return snapshot.Sample[Job]{Value: Job{Busy: busy}, Time: at}
}

// observe asks a JobManager for its one job.
func (c *Collector) observe(ctx context.Context, address string) (observation, error) {
	var cluster overview
	var jobs jobsOverview
	var detail jobDetail
	if err := c.rest.get(ctx, address, "/jobs/overview", &jobs); err != nil {
		return observation{}, err
	}
	job, err := jobs.onlyJob()
	if err != nil {
		return observation{}, err
	}
	if err := c.rest.get(ctx, address, "/jobs/"+job.ID, &detail); err != nil {
		return observation{}, err
	}
	if err := c.rest.get(ctx, address, "/overview", &cluster); err != nil {
		return observation{}, err
	}
	o, err := observe(cluster, job, detail)
	if err != nil {
		return observation{}, fmt.Errorf("job %s: %w", job.ID, err)
	}
	return o, nil
}
