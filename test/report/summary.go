package report

import (
	"cmp"
	"slices"
)

// Summary is the content of summary.json. A nil number was not known, and is null there.
type Summary struct {
	// DurationS is the run's length in seconds.
	DurationS float64 `json:"duration_s"`
	// LagMax and LagEnd are the highest lag and the lag at the end, in records between the group's committed offsets and the log end
	// offsets. LagP99 is the lag that was not exceeded in 99 % of the time. Flink commits with checkpoints, so each is up to what arrives
	// between two of them above what the job had not read.
	LagMax *int64 `json:"lag_max"`
	LagP99 *int64 `json:"lag_p99"`
	LagEnd *int64 `json:"lag_end"`
	// TaskManagersMin and TaskManagersMax are the fewest and the most that ran.
	TaskManagersMin int `json:"taskmanagers_min"`
	TaskManagersMax int `json:"taskmanagers_max"`
	// ScaleUps and ScaleDowns count the changes of the wanted number of TaskManagers.
	ScaleUps   int `json:"scale_ups"`
	ScaleDowns int `json:"scale_downs"`
	// Rescales is how often the job went on with another parallelism.
	Rescales int `json:"rescales"`
	// RescalesAfterStep is how many of them came between the load's step and its end; nil: the load had no step.
	RescalesAfterStep *int `json:"rescales_after_step"`
	// QuietS is the time from the last rescale under load, or the start, to the load's end, in seconds.
	QuietS float64 `json:"quiet_s"`
	// PodsMutated is how many pods the webhook changed.
	PodsMutated int `json:"pods_mutated"`
	// RecordsIn is what the topic holds, RecordsProcessed what the job has counted in its state, each record once.
	RecordsIn        *int64 `json:"records_in"`
	RecordsProcessed *int64 `json:"records_processed"`
	// TaskManagerSeconds is the running TaskManagers added up over time: what the run would have cost.
	TaskManagerSeconds float64 `json:"taskmanager_seconds"`
}

// Summarize fills in what follows from the points alone: all but what is said of rescales, pods and records. LagEnd is nil
// when the last point has no lag.
func Summarize(points []Point) Summary {
	s := Summary{LagP99: lagWithin(points, 0.99)}
	for i, p := range points {
		lag, known := finite(p.Lag)
		s.LagEnd = nil
		if known {
			s.LagEnd = new(int64(lag))
			if s.LagMax == nil || *s.LagMax < int64(lag) {
				s.LagMax = new(int64(lag))
			}
		}
		s.TaskManagersMax = max(s.TaskManagersMax, p.TaskManagersRunning)
		if i == 0 {
			s.TaskManagersMin = p.TaskManagersRunning
			continue
		}
		before := points[i-1]
		s.TaskManagersMin = min(s.TaskManagersMin, p.TaskManagersRunning)
		s.TaskManagerSeconds += float64(before.TaskManagersRunning) * (p.T - before.T)
		s.DurationS = p.T - points[0].T
		switch {
		case p.TaskManagersWanted > before.TaskManagersWanted:
			s.ScaleUps++
		case p.TaskManagersWanted < before.TaskManagersWanted:
			s.ScaleDowns++
		}
	}
	return s
}

// lagWithin is the lowest lag that was not exceeded for that share of the time in which the lag was known; nil: it never was.
// A lag holds until the next point.
func lagWithin(points []Point, share float64) *int64 {
	type stretch struct{ lag, seconds float64 }
	var known []stretch
	total := 0.0
	for i, p := range points {
		lag, ok := finite(p.Lag)
		if !ok {
			continue
		}
		seconds := 0.0
		if i+1 < len(points) {
			seconds = points[i+1].T - p.T
		}
		known, total = append(known, stretch{lag, seconds}), total+seconds
	}
	slices.SortFunc(known, func(a, b stretch) int { return cmp.Compare(a.lag, b.lag) })
	within := 0.0
	for _, s := range known {
		if within += s.seconds; within >= share*total {
			return new(int64(s.lag))
		}
	}
	return nil
}
