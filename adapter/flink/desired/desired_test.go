package desired

import (
	"slices"
	"time"
)

// start is when the jobs under test started; they have run for an hour.
var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// newJob is a job of one slot a TaskManager that has run undisturbed for an hour, its checkpoints healthy.
func newJob(vertices ...Vertex) Job {
	now := start.Add(time.Hour)
	j := Job{Now: now, Changed: start, Slots: 1, Vertices: vertices, Checkpoints: &Checkpoints{
		Enabled: true, Interval: 30 * time.Second, Timeout: 10 * time.Minute, Completed: now.Add(-20 * time.Second),
	}}
	j.TaskManagers = j.parallelism()
	return j
}

// source is a Kafka source that reads all that arrives, and passes it on.
func source(parallelism int, busy, in float64, changes ...func(*Vertex)) Vertex {
	v := Vertex{ID: "source", Name: "source", Parallelism: parallelism, MaxParallelism: 128, Busy: busy, RecordsIn: in, RecordsOut: in,
		Source: &Source{Arrival: in}}
	return changed(v, changes)
}

// vertex reads the vertices named, record by record, and passes on what it reads.
func vertex(id string, parallelism int, busy, in float64, inputs string, changes ...func(*Vertex)) Vertex {
	v := Vertex{ID: id, Name: id, Parallelism: parallelism, MaxParallelism: 128, Busy: busy, RecordsIn: in, RecordsOut: in}
	for _, from := range inputs {
		v.Inputs = append(v.Inputs, Input{From: string(from)})
	}
	return changed(v, changes)
}

// sink reads the source.
func sink(parallelism int, busy, in float64, changes ...func(*Vertex)) Vertex {
	v := vertex("sink", parallelism, busy, in, "")
	v.Inputs = []Input{{From: "source"}}
	return changed(v, changes)
}

func changed(v Vertex, changes []func(*Vertex)) Vertex {
	for _, change := range changes {
		change(&v)
	}
	return v
}

func named(id string) func(*Vertex)         { return func(v *Vertex) { v.ID, v.Name = id, id } }
func arrival(rate float64) func(*Vertex)    { return func(v *Vertex) { v.Source.Arrival = rate } }
func rise(rate float64) func(*Vertex)       { return func(v *Vertex) { v.Source.Rise = rate } }
func backlog(records float64) func(*Vertex) { return func(v *Vertex) { v.Source.Backlog = records } }
func partitions(n int) func(*Vertex)        { return func(v *Vertex) { v.Source.Partitions = n } }
func unknown(why string) func(*Vertex)      { return func(v *Vertex) { v.Source = &Source{Unknown: why} } }
func maxParallelism(n int) func(*Vertex)    { return func(v *Vertex) { v.MaxParallelism = n } }
func hottest(busy float64) func(*Vertex)    { return func(v *Vertex) { v.Hottest = busy } }
func out(rate float64) func(*Vertex)        { return func(v *Vertex) { v.RecordsOut = rate } }
func backpressured(s float64) func(*Vertex) { return func(v *Vertex) { v.Backpressured = s } }
func slotGroup(name string) func(*Vertex)   { return func(v *Vertex) { v.SlotGroup = name } }
func timeless(v *Vertex)                    { v.Timeless, v.Busy = true, 0 }
func keyed(v *Vertex)                       { v.Inputs[0].Keyed = true }
func with(j Job, changes ...func(*Job)) Job {
	for _, change := range changes {
		change(&j)
	}
	return j
}
func taskManagers(n, slots int) func(*Job) {
	return func(j *Job) { j.TaskManagers, j.Slots = n, slots }
}
func changedAgo(d time.Duration) func(*Job) { return func(j *Job) { j.Changed = j.Now.Add(-d) } }
func restarts(d time.Duration) func(*Job)   { return func(j *Job) { j.Restart = d } }
func checkpoints(c *Checkpoints) func(*Job) { return func(j *Job) { j.Checkpoints = c } }

// steady are rules without a catch-up time: only the rates count.
func steady(utilization, low, high float64) Rules {
	r := DefaultRules()
	r.Utilization, r.UtilizationMin, r.UtilizationMax, r.CatchUp = utilization, low, high, 0
	return r
}

// decide is Decide without a past.
func decide(j Job, r Rules) Decision {
	d, _ := Decide(j, r, Memory{})
	return d
}

func (d Decision) codes() []Code {
	var codes []Code
	for _, r := range d.Reasons {
		codes = append(codes, r.Code)
	}
	return codes
}

func (d Decision) vertex(id string) Need {
	return d.Vertices[slices.IndexFunc(d.Vertices, func(n Need) bool { return n.ID == id })]
}
