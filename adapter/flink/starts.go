package flink

import "time"

// startsCount is for how long a start of a job counts.
const startsCount = time.Hour

// starts counts how often a job has gone RUNNING again, whatever for: a failure, a rescale, another JobManager that leads.
type starts struct {
	job     string
	running int64       // ms, when it last went RUNNING, by the JobManager's clock
	again   []time.Time // when it was seen to have done so anew, by our clock; of the last hour
}

// see takes in when a job last went RUNNING, as it was told at a time. Another job than before begins with none. A start that fails at once
// counts too; of several between two looks one is seen.
func (s *starts) see(job string, running int64, at time.Time) {
	switch {
	case running == 0: // nobody said, or it has yet to run
	case job != s.job:
		*s = starts{job: job, running: running}
	case running != s.running:
		s.running, s.again = running, append(s.again, at)
	}
	for len(s.again) > 0 && at.Sub(s.again[0]) > startsCount {
		s.again = s.again[1:]
	}
}

// reading is how often the job of a round has restarted. That is true at any time, also while the job is down; not of one that has never run.
func (s *starts) reading(r round) Reading {
	if r.id == "" || r.id != s.job {
		return failed(r.err)
	}
	return Reading{Value: float64(len(s.again)), Time: r.at}
}
