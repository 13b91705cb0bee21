// Package flink reads how Flink jobs fare.
//
// Discovery finds the Flink cluster that a selector means; Collector polls the JobManagers over Flink's REST API (package rest).
// Whether an answer counts (state.go), and what follows from several of them (window.go, lag.go, package desired), is
// arithmetic apart from all I/O.
package flink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/sizing"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// parallelPolls bounds how many clusters are asked at the same time.
const parallelPolls = 64

// Options of a collector.
type Options struct {
	Settle  time.Duration // after the job's last change, before anything counts
	Window  time.Duration // ratios and rates are the growth over this
	Hold    time.Duration // how long totals from before a restart or rescale are served after it
	Desired desired.Rules
	TLS     *config.TLS // for JobManagers whose REST is https
	Clock   clock.PassiveClock
	Meter   Meter // may be nil

	JobManagers func(Cluster) []JobManager // those that can be asked
	Logs        KafkaLogs                  // may be nil: no Kafka cluster is known

	// Injected is what the webhook injected into the pod, as its annotation says it, and Compared hears once in each epoch
	// of a job which of that is not in force; also when nothing is left to say, and when the job is not polled any more.
	// Compared must not wait. Without it, nothing is compared.
	Injected func(JobManager) string
	Compared func(JobManager, []Override)

	// Room is how many TaskManagers a cluster's job can be given; nil: as far as is known, any number. It must not wait. Without it, nobody knows.
	Room func(Cluster) *desired.Room

	// Changed hears of each change of the desired number, and again when its outcome is known. It must not wait. Without it, nobody hears.
	Changed func(context.Context, Cluster, Change)

	// Sizing is how memory is advised. Remembered is what was seen of a cluster's memory before this collector began, and Sized hears what is seen
	// now; neither must wait. Without them, nothing is remembered, and nobody hears.
	Sizing     sizing.Rules
	Remembered func(Cluster) []sizing.Part
	Sized      func(Sized)
}

// Meter is told what a collector does. Its methods are called from several goroutines.
type Meter interface {
	rest.Meter
	// Decided is told of each reason for a number of TaskManagers that differs from the one before, or has other reasons.
	Decided(reason desired.Code)
}

// unmetered is the Meter of a collector that has none.
type unmetered struct{}

func (unmetered) Requested(rest.Request) {}
func (unmetered) Failed(rest.Request)    {}
func (unmetered) Decided(desired.Code)   {}

// Collector polls JobManagers and remembers a window of each cluster's job. Poll is not safe for concurrent use.
type Collector struct {
	opts     Options
	rest     *rest.Client
	clusters map[Cluster]*memory
}

// memory is what is remembered of a cluster.
type memory struct {
	history
	asked    JobManager       // that answered last
	silent   bool             // none answered in the last round
	names    map[string]names // of source vertices' metrics
	integral integral
	hottest  hottest
	restarts restarts
	starts   starts
	byKafka  map[string]*decisions // by the Kafka cluster that was asked for
	heaps    *heaps                // nil: nobody has asked for the memory of its TaskManagers
	compared epoch                 // in which what was injected was last compared
	trouble  string                // why there was nothing new to say, to log changes only
	polled   time.Time             // when it was last needed
}

// NewCollector returns a collector that remembers nothing.
func NewCollector(opts Options) *Collector {
	if opts.Meter == nil {
		opts.Meter = unmetered{}
	}
	if opts.Changed == nil {
		opts.Changed = func(context.Context, Cluster, Change) {}
	}
	if opts.Room == nil {
		opts.Room = func(Cluster) *desired.Room { return nil }
	}
	if opts.Remembered == nil {
		opts.Remembered = func(Cluster) []sizing.Part { return nil }
	}
	if opts.Sized == nil {
		opts.Sized = func(Sized) {}
	}
	client := rest.New(rest.Options{TLS: opts.TLS, Clock: opts.Clock, Meter: opts.Meter})
	return &Collector{opts: opts, rest: client, clusters: map[Cluster]*memory{}}
}

// Poll takes one sample for each key, by the deadline of ctx.
func (c *Collector) Poll(ctx context.Context, keys []Key) map[Key]snapshot.Sample[Job] {
	now := c.opts.Clock.Now()
	samples := make(map[Key]snapshot.Sample[Job], len(keys))
	var mu sync.Mutex
	var polls errgroup.Group
	polls.SetLimit(parallelPolls)
	clusters := byCluster(keys)
	for _, cluster := range c.silentLast(slices.Collect(maps.Keys(clusters))) {
		m := c.remember(cluster, now)
		polls.Go(func() error {
			jobs := c.poll(ctx, cluster, clusters[cluster], m)
			mu.Lock()
			defer mu.Unlock()
			for key, job := range jobs {
				samples[key] = snapshot.Sample[Job]{Value: job, Time: now}
			}
			return nil
		})
	}
	_ = polls.Wait()
	c.forget(now)
	return samples
}

// silentLast moves clusters that didn't answer in the last round behind the others: where many are silent, as when a zone is lost, they
// use up places, and the time of the round.
func (c *Collector) silentLast(clusters []Cluster) []Cluster {
	silent := func(cluster Cluster) int {
		if m := c.clusters[cluster]; m != nil && m.silent {
			return 1
		}
		return 0
	}
	slices.SortFunc(clusters, func(a, b Cluster) int { return silent(a) - silent(b) })
	return clusters
}

func (c *Collector) remember(cluster Cluster, now time.Time) *memory {
	m := c.clusters[cluster]
	if m == nil {
		m = &memory{names: map[string]names{}, byKafka: map[string]*decisions{}}
		c.clusters[cluster] = m
	}
	m.polled = now
	return m
}

// forget drops what nobody has asked for lately.
func (c *Collector) forget(now time.Time) {
	for cluster, m := range c.clusters {
		if now.Sub(m.polled) > max(2*c.opts.Window, c.opts.Hold) {
			delete(c.clusters, cluster)
			if c.opts.Compared != nil {
				c.opts.Compared(m.asked, nil)
			}
		}
	}
}

// poll reads one cluster and answers each question about it.
func (c *Collector) poll(ctx context.Context, cluster Cluster, asked *questions, m *memory) map[Key]Job {
	r := round{cluster: cluster}
	r.answers, r.err = c.read(ctx, cluster, asked.needs, m)
	m.silent = r.err != nil
	if r.err == nil {
		r.err = r.jobErr
	}
	if r.err == nil || errors.Is(r.err, errRescale) {
		m.restarts.see(m.epoch, r.job)
	}
	m.starts.see(r.id, r.running, r.at)
	m.missed = m.missed || r.err != nil
	if r.err == nil {
		m.add(r.job, r.at, r.read, c.opts.Settle, c.opts.Window)
		c.compare(ctx, r.from, r.target, m)
		if r.window, r.err = m.window(c.opts.Window); r.err != nil {
			r.err = fmt.Errorf("job %s: %w", r.job.epoch.job, r.err)
		}
	}
	if r.err == nil && asked.needs.has(NeedDesired) {
		c.readHottest(ctx, r, m)
	}
	m.note(klog.FromContext(ctx), cluster, r.err)
	common := r.ratios()
	common.Restarts = m.starts.reading(r)
	if asked.needs.has(NeedTaskManagers) {
		c.readTaskManagers(ctx, r, &common)
	}
	if asked.needs.has(NeedMemory) {
		c.readMemory(ctx, r, m)
		common.Memory = m.heaps.reading(c.opts.Clock.Now(), c.opts.Hold, r.err)
	}
	jobs := make(map[Key]Job, len(asked.keys))
	for _, key := range asked.keys {
		jobs[key] = c.answer(ctx, key, r, m, common)
	}
	return jobs
}

// round is what is known of a cluster in this round.
type round struct {
	cluster Cluster
	answers
	window window
	err    error // why the job's numbers don't count; then there is no window
}

// note logs when a cluster begins to be in trouble, is in another trouble, or is well again.
func (m *memory) note(logger klog.Logger, cluster Cluster, err error) {
	trouble := ""
	if err != nil {
		trouble = err.Error()
	}
	switch {
	case trouble == m.trouble:
	case trouble == "":
		logger.Info("The job's numbers count again", "jobManager", cluster)
	default:
		logger.Info("The job's numbers don't count", "jobManager", cluster, "reason", trouble)
	}
	m.trouble = trouble
}

// errNotAsked is in readings that the question didn't need.
var errNotAsked = errors.New("nobody asked for it")

// ratios are what all questions have in common.
func (r round) ratios() Job {
	job := nothing(errNotAsked)
	if r.err != nil {
		job = nothing(r.err)
	} else {
		worst, busiest := r.window.ratios()
		at := r.window.last.at
		job.Busy, job.Busiest = Reading{Value: worst.busy, Time: at}, r.job.plan[busiest].Name
		job.Idle = Reading{Value: worst.idle, Time: at}
		job.Backpressured = Reading{Value: worst.backpressured, Time: at}
		job.Parallelism = Reading{Value: float64(r.job.epoch.parallelism()), Time: at}
	}
	if !r.at.IsZero() {
		job.TaskManagers = Reading{Value: float64(r.overview.TaskManagers), Time: r.at}
		job.Slots = Reading{Value: float64(r.overview.SlotsTotal), Time: r.at}
	}
	return job
}

// answer adds what one question needs.
func (c *Collector) answer(ctx context.Context, key Key, r round, m *memory, job Job) Job {
	if !key.Needs.has(NeedSources) {
		return job
	}
	d := m.byKafka[key.Kafka]
	if d == nil {
		d = &decisions{}
		m.byKafka[key.Kafka] = d
	}
	switch {
	case r.err == nil:
		intakes, err := c.intakes(r, m, key.Kafka)
		put(&job, intakes, err)
		switch {
		case !key.Needs.has(NeedDesired):
		case err != nil:
			job.Desired = failed(err)
		default:
			job.Desired, job.Explanation = c.decide(ctx, r, m, intakes, d, key.Kafka)
		}
	default:
		for _, source := range r.job.sources {
			logsOf(source, key.Kafka, c.opts.Logs) // to have them watched while the job settles
		}
	}
	d.hold(&job, key.Needs, c.opts.Clock.Now(), c.opts.Hold)
	job.Explanation.Memory = m.heaps.advice()
	return job
}
