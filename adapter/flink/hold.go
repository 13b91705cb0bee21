package flink

import "time"

// held are the readings of a job that stay true enough over a restart or rescale: totals, which an HPA divides by the
// replicas that it finds. A ratio from before would be applied to another number of TaskManagers.
type held struct {
	pending, recordsIn, desired Reading
	explanation                 Explanation
}

// hold remembers what is known, and puts what was known in place of what isn't, while it is not older than limit. The
// question needs sources; what else it doesn't need is left alone.
func (h *held) hold(job *Job, needs Needs, now time.Time, limit time.Duration) {
	holdReading(&h.pending, &job.Pending, now, limit)
	holdReading(&h.recordsIn, &job.RecordsIn, now, limit)
	if !needs.has(NeedDesired) {
		return
	}
	reason := job.Desired.Err
	holdReading(&h.desired, &job.Desired, now, limit)
	switch {
	case reason == nil:
		h.explanation = job.Explanation
	case job.Desired.Err == nil:
		job.Explanation = h.explanation
		job.Explanation.Held = reason.Error()
	}
}

func holdReading(last, fresh *Reading, now time.Time, limit time.Duration) {
	switch {
	case fresh.Err == nil:
		*last = *fresh
	case !last.Time.IsZero() && now.Sub(last.Time) <= limit:
		*fresh = *last
	}
}
