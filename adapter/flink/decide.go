package flink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

var errSlots = errors.New("the TaskManagers have different numbers of slots, so that their number says little; give all the same taskmanager.numberOfTaskSlots")

// decisions are what one Kafka cluster's view of a job has led to.
type decisions struct {
	held
	memory  desired.Memory
	told    string // the last decision, to log changes only
	changes changes
}

// decide works out how many TaskManagers the job should have.
func (c *Collector) decide(ctx context.Context, r round, m *memory, intakes []intake, d *decisions, kafka string) (Reading, Explanation) {
	job, err := desiredJob(r, m, intakes)
	if err != nil {
		return failed(err), Explanation{}
	}
	job.Room = c.opts.Room(r.cluster)
	decision, memory := desired.Decide(job, c.opts.Desired, d.memory)
	if decision.LooksAtCheckpoints {
		if job.Checkpoints, err = c.checkpoints(ctx, r); err != nil {
			return failed(err), Explanation{}
		}
		decision, memory = desired.Decide(job, c.opts.Desired, d.memory)
	}
	d.memory = memory
	c.tell(klog.LoggerWithValues(klog.FromContext(ctx), "jobManager", r.cluster, "kafka", kafka), decision, d)
	for _, change := range d.changes.see(decision, conditionOf(r, decision), &m.restarts) {
		c.opts.Changed(ctx, r.cluster, change)
	}
	explanation := Explanation{
		JobManager: r.cluster.String(), Job: r.job.epoch.job, Kafka: kafka, Time: r.window.last.at, Decision: decision, History: d.changes.kept,
	}
	return Reading{Value: float64(decision.TaskManagers), Time: r.window.last.at}, explanation
}

// tell counts a decision that is another than the last, or has other reasons. It logs it where no change of the number does.
func (c *Collector) tell(logger klog.Logger, decision desired.Decision, d *decisions) {
	codes := make([]string, len(decision.Reasons))
	for i, reason := range decision.Reasons {
		codes[i] = string(reason.Code)
	}
	told := fmt.Sprint(decision.TaskManagers, decision.Bottleneck, codes)
	if told == d.told {
		return
	}
	d.told = told
	for _, reason := range decision.Reasons {
		c.opts.Meter.Decided(reason.Code)
	}
	if said := d.changes.said; said != 0 && said != decision.TaskManagers {
		return
	}
	logger.Info("Desired TaskManagers", "desired", decision.TaskManagers, "running", decision.Current.TaskManagers,
		"bottleneck", decision.Bottleneck, "reasons", strings.Join(codes, ","))
}

// desiredJob is what the window saw, as the decision takes it. Vertices that have finished are left out.
func desiredJob(r round, m *memory, intakes []intake) (desired.Job, error) {
	if r.overview.TaskManagers < 1 || r.overview.SlotsTotal%r.overview.TaskManagers != 0 {
		return desired.Job{}, errSlots
	}
	job := desired.Job{
		Now: r.window.last.at, Changed: r.at.Add(-time.Duration(r.job.settled) * time.Millisecond),
		TaskManagers: r.overview.TaskManagers, Slots: r.overview.SlotsTotal / r.overview.TaskManagers, Restart: m.restarts.typical(),
		Graph: graphOf(r.job.plan),
	}
	finished := map[string]bool{}
	for _, v := range r.job.plan {
		finished[v.ID] = v.Tasks["RUNNING"] == 0
	}
	for i, v := range r.job.plan {
		if finished[v.ID] {
			continue
		}
		vertex := desired.Vertex{
			ID: v.ID, Name: v.Name, Parallelism: v.Parallelism, MaxParallelism: v.MaxParallelism, SlotGroup: v.SlotGroup,
			Timeless: !r.window.timed(i), Hottest: m.hottest.share(r.job.epoch, v.ID),
		}
		for _, edge := range v.Inputs {
			if !finished[edge.From] {
				vertex.Inputs = append(vertex.Inputs, desired.Input{From: edge.From, Keyed: edge.Ship == "HASH"})
			}
		}
		if !vertex.Timeless {
			s := r.window.shares(i)
			vertex.Busy, vertex.Backpressured = s.busy, s.backpressured
		}
		vertex.RecordsIn, vertex.RecordsOut = r.window.rates(i)
		if at := slices.IndexFunc(intakes, func(in intake) bool { return in.vertex == i }); at >= 0 {
			in := intakes[at]
			if err := errors.Join(in.err, in.recordsIn.Err); err != nil {
				return desired.Job{}, fmt.Errorf("source %q: %w", v.Name, err)
			}
			vertex.RecordsIn, vertex.Source = in.recordsIn.Value, &in.facts
		} else if len(vertex.Inputs) == 0 {
			vertex.Source = &desired.Source{Unknown: "all that it read from has finished"}
		}
		job.Vertices = append(job.Vertices, vertex)
	}
	return job, nil
}

// checkpoints is how the job's checkpoints fare.
func (c *Collector) checkpoints(ctx context.Context, r round) (*desired.Checkpoints, error) {
	job := r.job.epoch.job
	config, err := c.rest.CheckpointConfig(ctx, r.target, job)
	if errors.Is(err, rest.ErrNoCheckpoints) {
		return &desired.Checkpoints{}, nil
	} else if err != nil {
		return nil, err
	}
	seen, err := c.rest.Checkpoints(ctx, r.target, job)
	if err != nil {
		return nil, err
	}
	return &desired.Checkpoints{
		Enabled: config.Interval > 0, Interval: config.Interval, Timeout: config.Timeout,
		Completed: r.ourTime(seen.Completed), Failed: r.ourTime(seen.Failed),
	}, nil
}

// ourTime is a time of the JobManager's clock, in ms, by ours; 0 is none.
func (r round) ourTime(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return r.at.Add(time.Duration(ms-r.job.now) * time.Millisecond)
}
