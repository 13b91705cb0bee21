package desired

import "time"

// Rules say how hard a job is to work and how soon it has to catch up.
type Rules struct {
	// Utilization is the share of its time, above 0 and at most 1, that the fullest subtask of the job is to be busy with what
	// arrives. From UtilizationMin to UtilizationMax, which lie around it, nothing changes.
	Utilization, UtilizationMin, UtilizationMax float64
	// CatchUp is the time in which a backlog is to be worked off, that of a restart included; 0: none is asked for.
	CatchUp time.Duration
	// Restart is how long a restart is taken to last until one was measured.
	Restart time.Duration
	// ScaleDownDelay is how long after a start, restart or rescale no fewer TaskManagers are asked for.
	ScaleDownDelay time.Duration
	// IneffectiveFor is how long after a scale-up that brought next to nothing no more TaskManagers are asked for.
	IneffectiveFor time.Duration
}

// DefaultRules are good for a job that restarts within a minute.
func DefaultRules() Rules {
	return Rules{
		Utilization:    0.7,
		UtilizationMin: 0.6,
		UtilizationMax: 0.8,
		CatchUp:        5 * time.Minute,
		Restart:        30 * time.Second,
		ScaleDownDelay: time.Minute,
		IneffectiveFor: 10 * time.Minute,
	}
}

// restart is the time that a restart of the job takes, and whether it was measured.
func (r Rules) restart(job Job) (time.Duration, bool) {
	if job.Restart > 0 {
		return job.Restart, true
	}
	return r.Restart, false
}

// perCatchUp is the rate at which so many records are worked off within CatchUp.
func (r Rules) perCatchUp(records float64) float64 {
	if r.CatchUp <= 0 {
		return 0
	}
	return records / r.CatchUp.Seconds()
}
