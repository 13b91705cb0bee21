// Package desired works out how many TaskManagers a Flink job should have, from what one window saw of it. It does no I/O and
// reads no clock.
//
// The model is that of Kalavri et al., Three steps is all you need (OSDI 2018), as Flink's Kubernetes operator has it too: a
// subtask that is busy a third of its time could do three times as much. So a vertex needs
//
//	(target / utilization + backlog / catch-up + target x restart / catch-up) / rate of one subtask
//
// subtasks, where the target is the rate of arrival at the sources, carried down the job graph. In reactive mode all vertices share
// the slots, so the job needs the most that one of its vertices needs.
package desired

import (
	"slices"
	"time"
)

// Decide works out how many TaskManagers the job should have. The same input gives the same answer. The job must be one that
// ran all through its window, with a parallelism of at least 1 at each vertex; numbers that can't be are read as 0. The
// memory returned is to be passed in with the next window of the same job.
func Decide(job Job, rules Rules, memory Memory) (Decision, Memory) {
	job = job.clean()
	restart, measured := rules.restart(job)
	futile := job.futile(rules)
	catchUp := len(futile) == 0

	d := Decision{
		Current: Current{TaskManagers: job.TaskManagers, Parallelism: job.parallelism(), Slots: job.Slots},
		Restart: Restart{Seconds: restart.Seconds(), Measured: measured},
		CatchUp: rules.CatchUp.Seconds(),
	}
	whole, idle := span{1, 1, 1}, !job.behind()
	var needs []need
	var bottleneck need
	for _, f := range flows(job.Vertices, rules, catchUp) {
		n := measure(f, rules, restart.Seconds())
		needs = append(needs, n)
		d.Vertices = append(d.Vertices, n.told(rules, restart.Seconds()))
		if n.isSource() {
			d.Sources = append(d.Sources, n.intake())
		}
		whole, idle = whole.widest(n.span), idle && n.target == 0 && n.fit == 1
		if !n.unknown && (n.fit > bottleneck.fit || n.fit == bottleneck.fit && n.asked > bottleneck.asked) {
			bottleneck = n
		}
	}
	if bottleneck.asked > 0 {
		d.Bottleneck = bottleneck.Name
	}
	memory = memory.of(job).judge(job.Now, d.Current.Parallelism, bottleneck, needs, rules)

	d.TaskManagers = job.taskManagers(whole)
	because := decided(d, bottleneck, idle)
	if d.TaskManagers != job.TaskManagers {
		n := job.after(restart).enough(rules, catchUp, restart)
		if d.TaskManagers < job.TaskManagers {
			n = min(n, job.TaskManagers)
		}
		if n > d.TaskManagers {
			because.add(Rising, "what arrives has been growing for half a minute, so the number is for what arrives when the job has restarted")
			d.TaskManagers = n
		}
	}
	if d.TaskManagers != job.TaskManagers && bottleneck.spread() {
		because.add(Spread, "%s of %q are dealt out whole, so the number was moved to where its fullest subtask changes",
			bottleneck.shareName(), bottleneck.Name)
	}
	because = append(because, notes(needs, bottleneck)...)
	because = append(because, futile...)
	held, look := d.hold(job, rules, memory, futile)
	if len(held) > 0 {
		d.TaskManagers = job.TaskManagers
	}
	if room := job.room(); d.TaskManagers > room {
		held = append(held, job.Room.Reason)
		d.TaskManagers = room
	}
	d.Reasons, d.LooksAtCheckpoints = slices.Concat(because, held), look
	d.Parallelism, d.Usable = job.parallelismWith(d.TaskManagers, needs), job.usable()
	return d, memory
}

// after is the job with the arrivals that there will be when it has restarted. A rescale is sized by that; none is begun because of it.
func (j Job) after(restart time.Duration) Job {
	vertices := slices.Clone(j.Vertices)
	for i, v := range vertices {
		if v.Source != nil && v.Source.Unknown == "" {
			source := *v.Source
			source.Arrival += source.Rise * restart.Seconds()
			vertices[i].Source = &source
		}
	}
	j.Vertices = vertices
	return j
}

// enough is the number of TaskManagers that fits, whatever there are now.
func (j Job) enough(rules Rules, catchUp bool, restart time.Duration) int {
	fit := 1
	for _, f := range flows(j.Vertices, rules, catchUp) {
		fit = max(fit, measure(f, rules, restart.Seconds()).fit)
	}
	return j.forParallelism(fit)
}

// futile gives the reasons why more subtasks would not help the job; none: they would.
func (j Job) futile(rules Rules) reasons {
	var why reasons
	busiest := 0.0
	for _, v := range j.Vertices {
		if v.skewed(rules) {
			why.add(Skewed, "one subtask of %q is far busier than the mean: its keys or partitions are uneven, and more subtasks would not help it", v.Name)
		}
		busiest = max(busiest, v.fullest())
	}
	if j.behind() && busiest < rules.UtilizationMin {
		why.add(Waiting, "there is a backlog, yet no vertex reports being busy: the job waits for a sink or another outside system")
	}
	return why
}

// behind tells whether a source has a backlog.
func (j Job) behind() bool {
	return slices.ContainsFunc(j.Vertices, func(v Vertex) bool { return v.excess() > 0 })
}

// decided is the first reason: how the number compares with the current one, before anything is held.
func decided(d Decision, bottleneck need, idle bool) reasons {
	var why reasons
	switch {
	case d.TaskManagers > d.Current.TaskManagers:
		why.add(MoreNeeded, "vertex %q needs more", bottleneck.Name)
	case idle:
		why.add(Idle, "nothing arrives, and nothing is left to read")
	case d.TaskManagers < d.Current.TaskManagers:
		why.add(FewerNeeded, "no vertex needs so many")
	default:
		why.add(Fits, "no other number fits better")
	}
	return why
}

// notes tell what went into the number.
func notes(needs []need, bottleneck need) reasons {
	var why reasons
	if bottleneck.work.backlog > 0 {
		why.add(CatchingUp, "a backlog is to be worked off")
	}
	for _, n := range needs {
		switch limit, partitions := n.limit(); {
		case n.limited && partitions:
			why.add(LimitedByPartitions, "source %q has %d partitions; more subtasks would have nothing to read", n.Name, limit)
		case n.limited:
			why.add(LimitedByMaxParallelism, "vertex %q has max parallelism %d", n.Name, limit)
		}
		if n.arrivalUnknown() {
			why.add(ArrivalUnknown, "what arrives for source %q is not known (%s); what it reads stands for it", n.Name, n.intake().Unknown)
		}
		if n.unknown {
			why.add(RateUnknown, "records arrive for %q and none came through, so how fast it is can't be told; it changes nothing", n.Name)
		}
		if n.Timeless {
			why.add(TimesUnknown, "vertex %q reports no busy time, so what it needs is left out", n.Name)
		}
	}
	return why
}

// hold gives the reasons to stay with the current number after all. More are not asked for where that is futile. The checkpoints are
// looked at last: that costs a request.
func (d Decision) hold(job Job, rules Rules, memory Memory, futile reasons) (why reasons, look bool) {
	switch {
	case d.TaskManagers > job.TaskManagers && len(futile) > 0:
		for _, reason := range futile {
			why = append(why, reason.holdsUp())
		}
	case d.TaskManagers > job.TaskManagers && job.Now.Before(memory.Until):
		why.add(HeldByIneffective, "the last scale-up brought next to nothing; until %s after it no more is asked for", rules.IneffectiveFor)
	case d.TaskManagers < job.TaskManagers:
		why = holdDown(job, rules, memory)
		switch {
		case len(why) > 0:
		case job.Checkpoints == nil:
			why.add(HeldByCheckpointsUnseen, "nobody has looked at the job's checkpoints")
			look = true
		default:
			why = job.Checkpoints.unsafe(job.Now)
		}
	}
	return why, look
}
