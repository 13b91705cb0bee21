package flink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/sizing"
	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

const (
	// sampleEvery is how often one of a job's TaskManagers is asked for its memory, in turn: Flink renews its metrics as often.
	sampleEvery = config.MetricRefresh
	// early is by how much sooner a round may begin than it should for a sample to be taken in it all the same.
	early = time.Second
	// listEvery is how often they are listed while their number stays.
	listEvery = time.Minute
)

// Sized is what is known of the memory of a job's TaskManagers.
type Sized struct {
	Cluster Cluster
	Time    time.Time
	Rules   sizing.Rules  // by which it is advised
	Advice  sizing.Advice // unless Err says why there is none
	Err     error
	Parts   []sizing.Part // that it is from, the oldest first
	Fleet   sizing.Fleet  // with a failure that the job itself tells of
}

// heaps is what is remembered of the memory of a cluster's TaskManagers.
type heaps struct {
	watch      *sizing.Watch
	epoch      epoch // of the last sample
	list       []rest.TaskManager
	watched    []string // those of them that are asked in turn, by ID
	listed     time.Time
	collectors map[string]sizing.Collectors // by TaskManager
	turn       int
	sampled    time.Time
	model      sizing.Model
	modelOf    JobManager // whose options it is from
	failures   time.Time  // when they were last looked for
	sized      Sized
}

var errMemoryUnasked = errors.New("the memory of the job's TaskManagers has not been looked at yet")

// readMemory takes a sample of one TaskManager's memory when it is time, and works out what follows. The job's own numbers don't depend on it.
func (c *Collector) readMemory(ctx context.Context, r round, m *memory) {
	h := m.heaps
	if h == nil {
		h = &heaps{collectors: map[string]sizing.Collectors{}, sized: Sized{Cluster: r.cluster, Rules: c.opts.Sizing, Err: errMemoryUnasked}}
		h.watch = sizing.NewWatch(c.opts.Sizing, c.opts.Remembered(r.cluster))
		m.heaps = h
	}
	if r.from == (JobManager{}) {
		return
	}
	c.readFailures(ctx, r, m.epoch.job, h)
	if r.jobErr != nil {
		c.opts.Sized(h.sized)
		return
	}
	if r.at.Sub(h.sampled) < sampleEvery-early {
		return
	}
	h.sampled = r.at
	if !h.epoch.equal(r.job.epoch) {
		h.watch.Disturb()
		h.epoch = r.job.epoch
	}
	err := c.sample(ctx, r, h)
	h.conclude(c.opts.Sizing, r.at, err)
	c.opts.Sized(h.sized)
}

// sample asks the TaskManager whose turn it is.
func (c *Collector) sample(ctx context.Context, r round, h *heaps) error {
	if h.modelOf != r.from {
		options, err := c.rest.Config(ctx, r.target)
		if err != nil {
			return err
		}
		version, _ := flinkconf.ParseVersion(r.overview.Version) // an unknown one is taken for a new one
		model, err := sizing.NewModel(options, version)
		if err != nil {
			return err
		}
		h.model, h.modelOf = model, r.from
	}
	if len(h.list) != r.overview.TaskManagers || r.at.Sub(h.listed) >= listEvery {
		list, err := c.rest.TaskManagerList(ctx, r.target)
		if err != nil {
			return err
		}
		h.setList(list, r.at, c.opts.Sizing)
	}
	h.turn = (h.turn + 1) % len(h.watched)
	id := h.watched[h.turn]
	collectors := h.collectors[id]
	if collectors == nil {
		var err error
		if collectors, err = c.rest.Collectors(ctx, r.target, id); err != nil {
			return err
		}
		h.collectors[id] = collectors
	}
	sample, err := c.rest.Memory(ctx, r.target, id, collectors)
	if err != nil {
		return err
	}
	sample.TaskManager, sample.At = id, r.at
	h.watch.See(sample)
	return nil
}

// samplesOfPart is how many samples of each TaskManager fall into a part of the window, at least. Where there are too many for that some are
// asked, and the same ones each time.
const samplesOfPart = 5

func (h *heaps) setList(list []rest.TaskManager, at time.Time, rules sizing.Rules) {
	known := map[string]sizing.Collectors{}
	h.watched = nil
	for _, t := range list {
		h.watched = append(h.watched, t.ID)
		if collectors := h.collectors[t.ID]; collectors != nil {
			known[t.ID] = collectors
		}
	}
	slices.Sort(h.watched)
	most := rules.Window / sizing.Parts / (samplesOfPart * sampleEvery)
	h.watched = h.watched[:min(len(h.watched), max(int(most), 1))]
	h.list, h.listed, h.collectors = list, at, known
}

var errNoSizes = errors.New("a TaskManager does not tell how the memory of its process is divided; start it with taskmanager.memory.process.size")

// conclude works out the advice. A sample that failed leaves what the others told.
func (h *heaps) conclude(rules sizing.Rules, now time.Time, failed error) {
	h.sized.Time = now
	h.sized.Parts = h.watch.Parts(now)
	live, _ := rules.Live(h.sized.Parts)
	largest, err := h.fleet()
	if err == nil {
		h.sized.Advice, err = rules.Advise(live, h.model, largest)
	}
	if h.sized.Err = err; err != nil && failed != nil {
		h.sized.Err = fmt.Errorf("%w; %w", err, failed)
	}
}

// fleet finds the largest and the smallest TaskManager.
func (h *heaps) fleet() (largest sizing.Sizes, err error) {
	f := &h.sized.Fleet
	f.Smallest, f.Largest = 0, 0
	if len(h.list) == 0 {
		return sizing.Sizes{}, errMemoryUnasked
	}
	for _, t := range h.list {
		size := t.Sizes.Process()
		if size == 0 {
			return sizing.Sizes{}, errNoSizes
		}
		if size > f.Largest {
			f.Largest, largest = size, t.Sizes
		}
		if f.Smallest == 0 || size < f.Smallest {
			f.Smallest = size
		}
	}
	return largest, nil
}

// readFailures looks, when the job is in trouble or runs anew, whether a task failed for want of memory.
func (c *Collector) readFailures(ctx context.Context, r round, job string, h *heaps) {
	anew := r.jobErr == nil && !h.epoch.equal(r.job.epoch)
	if job == "" || r.jobErr == nil && !anew || r.at.Sub(h.failures) < sampleEvery-early {
		return
	}
	h.failures = r.at
	found, err := c.rest.OutOfMemory(ctx, r.target, job)
	if err != nil || found.Time == 0 {
		return
	}
	h.sized.Fleet.Failed = time.UnixMilli(found.Time)
	h.sized.Fleet.Failure = "a task failed with an OutOfMemoryError"
	if found.Reason != "" {
		h.sized.Fleet.Failure += " (" + found.Reason + ")"
	}
}

// reading is the advised size of a TaskManager's process. While the job's numbers don't count, for that reason, it is held for so long.
func (h *heaps) reading(now time.Time, hold time.Duration, trouble error) Reading {
	switch {
	case h == nil:
		return failed(errMemoryUnasked)
	case trouble != nil && now.Sub(h.sized.Time) > hold:
		return failed(trouble)
	case h.sized.Err != nil:
		return failed(h.sized.Err)
	}
	return Reading{Value: float64(h.sized.Advice.Process), Time: h.sized.Time}
}

// advice is for the explanation; nil: there is none.
func (h *heaps) advice() *sizing.Advice {
	if h == nil || h.sized.Err != nil {
		return nil
	}
	advice := h.sized.Advice
	return &advice
}
