package desired

import "time"

// heldBack is the share of its time that a source may be back-pressured before it counts as held back.
const heldBack = 0.1

// slowCheckpoint is how long a checkpoint may take before the time since the last one counts against a scale-down, whatever its time-out:
// Flink's default for that is 10 min, and what arrived since would be read again.
const slowCheckpoint = 5 * time.Minute

// holdDown gives the reasons not to ask for fewer TaskManagers now. Giving one back ends the job's run: it goes on from its newest
// checkpoint, with less to catch up with.
func holdDown(job Job, rules Rules, memory Memory) reasons {
	var why reasons
	for _, v := range job.Vertices {
		switch {
		case v.excess() > 0:
			why.add(HeldByBacklog, "source %q has a backlog, which fewer TaskManagers would not work off sooner", v.Name)
		case v.arrivalUnknown() && v.Backpressured > heldBack:
			why.add(HeldByBackpressure, "source %q is back-pressured, so more may arrive than it reads", v.Name)
		}
		if v.skewed(rules) {
			why.add(HeldBySkew, "the busiest subtask of %q would get even more to do", v.Name)
		}
	}
	switch {
	case !memory.Regraphed.IsZero() && job.Now.Sub(memory.Regraphed) < rules.ScaleDownDelay:
		why.add(HeldByGraph, "the job has had another graph for less than %s: other vertices, or another max parallelism", rules.ScaleDownDelay)
	case !job.Changed.IsZero() && job.Now.Sub(job.Changed) < rules.ScaleDownDelay:
		why.add(HeldByChange, "the job started, restarted or rescaled less than %s ago", rules.ScaleDownDelay)
	}
	return why
}

// unsafe gives the reason, if any, why the job can't be stopped at little loss.
func (c Checkpoints) unsafe(now time.Time) reasons {
	var why reasons
	switch {
	case !c.Enabled:
		why.add(HeldByCheckpointsOff, "checkpoints are off, so losing a TaskManager loses the job's state; set execution.checkpointing.interval")
	case !c.Failed.IsZero() && c.Failed.After(c.Completed):
		why.add(HeldByCheckpointFailed, "the newest checkpoint failed; see the JobManager's log or its checkpoints page")
	case c.Completed.IsZero():
		why.add(HeldByCheckpointAge, "no checkpoint has completed since the job started")
	case now.Sub(c.Completed) > c.maxAge():
		why.add(HeldByCheckpointAge, "the newest completed checkpoint is older than %s, so as much would be processed again", c.maxAge())
	}
	return why
}

// maxAge is how old the newest completed checkpoint may be, by its trigger time: as the next one is due after the interval and may
// take its time; or three intervals, where one may have been skipped.
func (c Checkpoints) maxAge() time.Duration {
	return max(3*c.Interval, c.Interval+min(c.Timeout, slowCheckpoint))
}
