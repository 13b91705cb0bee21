package flink

import (
	"errors"
	"slices"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// The reasons why a job's numbers don't count now. They are constant, so that an HPA's status doesn't change with them.
var (
	errNoJob       = errors.New("no job is running in this JobManager")
	errSeveralJobs = errors.New("more than one job is running in this JobManager; a TaskManager count fits one job: use an application cluster for each")
	errNotRunning  = errors.New("the job is not RUNNING; its numbers count again when it has run for a while")
	errOutdated    = errors.New("the job's state changed a moment ago; its numbers count again when it has settled")
	errTasks       = errors.New("not all subtasks of the job are RUNNING or FINISHED; its numbers count again when it has settled")
	errIncomplete  = errors.New("the JobManager does not have the metrics of all subtasks yet")
	errUnplanned   = errors.New("the JobManager does not tell how the job's vertices are connected")
	errRescale     = errors.New("a rescale is pending: the TaskManagers' slots and the job's parallelism differ; the job's numbers count again when it has settled with all slots (a job that is not in reactive mode never uses more)")
)

// observation is what one round saw of a job that runs as it should.
type observation struct {
	epoch      epoch
	now        int64 // ms, by the JobManager's clock
	settled    int64 // ms since the last change of any state
	plan       []rest.Vertex
	planned    bool                     // the inputs in plan are known
	counters   []counters               // of each vertex
	sources    map[string][]rest.Source // by vertex; nil: nobody asked, or
	sourcesErr error                    // why they are not known
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
	running     int // subtasks; the others have finished
}

func (e epoch) equal(other epoch) bool {
	return e.job == other.job && e.running == other.running && e.changed == other.changed && slices.Equal(e.vertices, other.vertices)
}

// onlyJob is the one job of an application cluster. Jobs that have ended are passed over.
func onlyJob(jobs []rest.JobSummary) (rest.JobSummary, error) {
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(job rest.JobSummary) bool {
		return job.State == "FINISHED" || job.State == "CANCELED" || job.State == "FAILED"
	})
	switch {
	case len(jobs) == 0:
		return rest.JobSummary{}, errNoJob
	case len(jobs) > 1:
		return rest.JobSummary{}, errSeveralJobs
	}
	return jobs[0], nil
}

// observe turns a round's answers into an observation, or says why they don't count. With errRescale the observation is whole all the same:
// the job still runs as it did.
func observe(cluster rest.Overview, job rest.JobSummary, detail rest.Job) (observation, error) {
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
		plan:    detail.Vertices,
		planned: detail.Planned,
	}
	subtasks := 0
	for _, v := range detail.Vertices {
		subtasks += v.Parallelism
		if v.Parallelism < 1 || v.Tasks["RUNNING"]+v.Tasks["FINISHED"] != v.Parallelism {
			return observation{}, errTasks
		}
		if !v.Complete {
			return observation{}, errIncomplete
		}
		o.epoch.vertices = append(o.epoch.vertices, vertexShape{id: v.ID, parallelism: v.Parallelism, running: v.Tasks["RUNNING"]})
		o.counters = append(o.counters, counters{v.Times, v.RecordsIn, v.RecordsOut})
	}
	switch {
	case len(o.counters) == 0:
		return observation{}, errNotRunning
	case subtasks != job.Tasks["total"]:
		return observation{}, errOutdated // /jobs/:id is from a cache that has not seen the change
	}
	if rescalePending(cluster.SlotsTotal, detail.Vertices) {
		return o, errRescale
	}
	return o, nil
}

// rescalePending tells whether the job will rescale to the slots that there are. Each slot-sharing group needs as many
// slots as its widest vertex is parallel. Slots are missing while a lost TaskManager has not been noticed. Spare slots
// are a rescale to come if each group could have one more, and some vertex is below its max parallelism; otherwise the
// job can't use them.
func rescalePending(slots int, vertices []rest.Vertex) bool {
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
