package flink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// namesFor is how long a source's metric names are believed: partitions that it takes up later have names of their own.
const namesFor = time.Minute

// answers are what a round was told about one cluster.
type answers struct {
	from     JobManager
	target   rest.Target
	at       time.Time // when the first question was asked, by our clock
	read     time.Time // when the answers that make up job were there, likewise
	overview rest.Overview
	id       string // of the one job, also while it doesn't run
	running  int64  // ms, when it last went RUNNING, by the JobManager's clock; 0: not yet
	job      observation
	jobErr   error // why job doesn't count
}

// read asks the cluster's JobManagers for its one job. All of them answer for the one that leads, but each from metrics that it
// fetched itself: the one that answered last is asked first.
func (c *Collector) read(ctx context.Context, cluster Cluster, needs Needs, m *memory) (answers, error) {
	pods := c.opts.JobManagers(cluster)
	if len(pods) == 0 {
		return answers{}, fmt.Errorf("%w: the pod is gone", ErrNotFound)
	}
	var silent error
	for i, pod := range m.inOrder(pods) {
		a, err := c.readWithin(ctx, len(pods)-i, pod, needs, m)
		if err == nil {
			m.asked = pod
			return a, nil
		}
		if err = fmt.Errorf("%s: %w", pod, err); silent != nil {
			err = fmt.Errorf("%w; %w", silent, err)
		}
		silent = err
	}
	return answers{}, silent
}

// readWithin reads from one of so many pods that are left, in its share of the time: one that is silent must leave the next enough.
func (c *Collector) readWithin(ctx context.Context, left int, pod JobManager, needs Needs, m *memory) (answers, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	return c.readFrom(ctx, pod, needs, m)
}

// inOrder is the pods with the one that answered last in front.
func (m *memory) inOrder(pods []JobManager) []JobManager {
	ordered := make([]JobManager, 0, len(pods))
	for _, pod := range pods {
		if pod == m.asked {
			ordered = append([]JobManager{pod}, ordered...)
		} else {
			ordered = append(ordered, pod)
		}
	}
	return ordered
}

func (c *Collector) readFrom(ctx context.Context, pod JobManager, needs Needs, m *memory) (answers, error) {
	a := answers{from: pod, at: c.opts.Clock.Now()}
	var err error
	if a.target, err = pod.Target(); err != nil {
		return a, err
	}
	if a.overview, err = c.rest.Overview(ctx, a.target); err != nil {
		return a, err
	}
	jobs, err := c.rest.Jobs(ctx, a.target)
	if err != nil {
		return a, err
	}
	job, err := onlyJob(jobs)
	if err != nil {
		a.jobErr = err
		return a, nil
	}
	detail, err := c.rest.Job(ctx, a.target, job.ID)
	if err != nil {
		return a, err
	}
	a.id, a.running = job.ID, detail.Timestamps["RUNNING"]
	a.job, a.jobErr = observe(a.overview, job, detail)
	if a.jobErr == nil {
		a.jobErr = c.readMore(ctx, &a, needs, m)
		a.read = c.opts.Clock.Now()
	}
	if a.jobErr != nil {
		a.jobErr = fmt.Errorf("job %s: %w", job.ID, a.jobErr)
	}
	return a, nil
}

// readMore adds what the job's own answer leaves out. What is wrong with a source is no error here: the rest counts without it.
func (c *Collector) readMore(ctx context.Context, a *answers, needs Needs, m *memory) error {
	if err := c.readGauges(ctx, a, m); err != nil {
		return err
	}
	if needs.has(NeedSources) {
		a.job.sources, a.job.sourcesErr = c.readSources(ctx, a, m)
	}
	return nil
}

func (c *Collector) readSources(ctx context.Context, a *answers, m *memory) (map[string][]rest.Source, error) {
	if !a.job.planned {
		return nil, errUnplanned
	}
	sources := map[string][]rest.Source{}
	for _, vertex := range a.job.plan {
		if !isSource(vertex) {
			continue
		}
		read, err := c.readSource(ctx, a, vertex, m)
		if err != nil {
			return nil, err
		}
		sources[vertex.ID] = read
	}
	return sources, nil
}

// isSource tells whether a vertex is a source that has not finished.
func isSource(vertex rest.Vertex) bool { return len(vertex.Inputs) == 0 && vertex.Tasks["RUNNING"] > 0 }

// names are those of a source vertex's metrics, and when they were listed: they are believed when the job had settled by then.
type names struct {
	rest.SourceNames
	at time.Time
}

// readSource reads a source's metrics by name. Names that don't hold any more are listed anew.
func (c *Collector) readSource(ctx context.Context, a *answers, vertex rest.Vertex, m *memory) ([]rest.Source, error) {
	job := a.job.epoch.job
	known, listed := m.names[vertex.ID]
	if listed && a.at.Sub(known.at) < namesFor {
		sources, err := c.rest.Sources(ctx, a.target, job, vertex.ID, vertex.Parallelism, known.SourceNames)
		if !errors.Is(err, rest.ErrNames) {
			return sources, err
		}
	}
	fresh, err := c.rest.SourceNames(ctx, a.target, job, vertex.ID, vertex.Parallelism)
	if err != nil {
		return nil, err
	}
	if a.job.settled >= c.opts.Settle.Milliseconds() {
		m.names[vertex.ID] = names{fresh, a.at}
	} else {
		delete(m.names, vertex.ID)
	}
	return c.rest.Sources(ctx, a.target, job, vertex.ID, vertex.Parallelism, fresh)
}
