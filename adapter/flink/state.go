package flink

import (
	"encoding/hex"
	"errors"
	"slices"
)

// The reasons why a job's numbers don't count now. They are constant, so that an HPA's status doesn't change with them.
var (
	errNoJob       = errors.New("no job is running in this JobManager")
	errJobID       = errors.New("the JobManager names a job by an id that is none")
	errSeveralJobs = errors.New("more than one job is running in this JobManager; a TaskManager count fits one job: use an application cluster for each")
	errNotRunning  = errors.New("the job is not RUNNING; its numbers count again when it has run for a while")
	errOutdated    = errors.New("the job's state changed a moment ago; its numbers count again when it has settled")
	errTasks       = errors.New("not all subtasks of the job are RUNNING or FINISHED; its numbers count again when it has settled")
	errIncomplete  = errors.New("the JobManager does not have the metrics of all subtasks yet")
	errRescale     = errors.New("a rescale is pending: the TaskManagers' slots and the job's parallelism differ; the job's numbers count again when it has settled with all slots (a job that is not in reactive mode never uses more)")
	errSettling    = errors.New("the job started, restarted or rescaled a short while ago; its numbers count again when it has settled and been watched for a whole window")
)

// observation is what one round saw of a job that runs as it should.
type observation struct {
	epoch   epoch
	now     int64 // ms, by the JobManager's clock
	settled int64 // ms since the last change of any state
	times   []times
}

// epoch is what must be the same for two observations to be compared.
type epoch struct {
	job      string
	running  int64 // ms, when the job last went RUNNING
	changed  int64 // ms, when the state of the job or of any subtask last changed
	vertices []vertexShape
}

type vertexShape struct {
	id          string
	parallelism int
	working     bool // some subtask is still RUNNING
}

func (e epoch) equal(other epoch) bool {
	return e.job == other.job && e.running == other.running && e.changed == other.changed && slices.Equal(e.vertices, other.vertices)
}

// times are sums over the subtasks of a vertex, in ms since they started. A part that Flink doesn't give, or gives as
// NaN, makes them unknown.
type times struct {
	busy, idle, backpressured float64
	missing, unusable         bool
}

// total is the time since the subtasks started.
func (t times) total() float64 { return t.busy + t.idle + t.backpressured }

// onlyJob is the one job of an application cluster. Jobs that have ended are passed over.
func (o jobsOverview) onlyJob() (jobSummary, error) {
	jobs := slices.DeleteFunc(slices.Clone(o.Jobs), func(job jobSummary) bool {
		return job.State == "FINISHED" || job.State == "CANCELED" || job.State == "FAILED"
	})
	switch {
	case len(jobs) == 0:
		return jobSummary{}, errNoJob
	case len(jobs) > 1:
		return jobSummary{}, errSeveralJobs
	case !isJobID(jobs[0].ID):
		return jobSummary{}, errJobID // it goes into a path and into messages
	}
	return jobs[0], nil
}

func isJobID(id string) bool {
	bytes, err := hex.DecodeString(id)
	return err == nil && len(bytes) == 16
}

// observe turns a round's answers into an observation, or says why they don't count.
func observe(cluster overview, job jobSummary, detail jobDetail) (observation, error) {
	running := detail.Timestamps["RUNNING"]
	switch {
	case job.State != "RUNNING" || detail.State != "RUNNING" || running == 0:
		return observation{}, errNotRunning
	case job.Tasks["running"]+job.Tasks["finished"] != job.Tasks["total"]:
		return observation{}, errTasks
	}
	o := observation{
		epoch:   epoch{job: job.ID, running: running, changed: job.LastModification},
		now:     detail.Now,
		settled: detail.Now - max(running, job.LastModification),
	}
	subtasks := 0
	for _, v := range detail.Vertices {
		subtasks += v.Parallelism
		if v.Parallelism < 1 || v.Tasks["RUNNING"]+v.Tasks["FINISHED"] != v.Parallelism {
			return observation{}, errTasks
		}
		if !v.Metrics.Complete {
			return observation{}, errIncomplete
		}
		o.epoch.vertices = append(o.epoch.vertices, vertexShape{id: v.ID, parallelism: v.Parallelism, working: v.Tasks["RUNNING"] > 0})
		o.times = append(o.times, v.Metrics.times())
	}
	switch {
	case len(o.times) == 0:
		return observation{}, errNotRunning
	case subtasks != job.Tasks["total"]:
		return observation{}, errOutdated // /jobs/:id is from a cache that has not seen the change
	}
	if rescalePending(cluster.SlotsTotal, detail.Vertices) {
		return observation{}, errRescale
	}
	return o, nil
}

func (m vertexMetrics) times() times {
	switch {
	case m.Busy == nil || m.Idle == nil || m.Backpressured == nil:
		return times{missing: true}
	case !m.Busy.finite() || !m.Idle.finite() || !m.Backpressured.finite():
		return times{unusable: true}
	}
	return times{busy: float64(*m.Busy), idle: float64(*m.Idle), backpressured: float64(*m.Backpressured)}
}

// rescalePending tells whether the job will rescale to the slots that there are. Each slot-sharing group needs as many
// slots as its widest vertex is parallel. Slots are missing while a lost TaskManager has not been noticed. Spare slots
// are a rescale to come if each group could have one more, and some vertex is below its max parallelism; otherwise the
// job can't use them.
func rescalePending(slots int, vertices []vertex) bool {
	widest := map[string]int{}
	canGrow := false
	for _, v := range vertices {
		widest[v.SlotGroup] = max(widest[v.SlotGroup], v.Parallelism)
		canGrow = canGrow || v.Parallelism < v.MaxParallelism || v.MaxParallelism < 1
	}
	used := 0
	for _, width := range widest {
		used += width
	}
	return slots < used || canGrow && slots-used >= len(widest)
}
