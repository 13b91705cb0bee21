package report

// Summary is the content of summary.json. A nil number was not known, and is null there.
type Summary struct {
	// DurationS is the run's length in seconds.
	DurationS float64 `json:"duration_s"`
	// LagMax and LagEnd are the highest lag and the lag at the end, in records behind the log end offsets.
	LagMax *int64 `json:"lag_max"`
	LagEnd *int64 `json:"lag_end"`
	// TaskManagersMin and TaskManagersMax are the fewest and the most that ran.
	TaskManagersMin int `json:"taskmanagers_min"`
	TaskManagersMax int `json:"taskmanagers_max"`
	// ScaleUps and ScaleDowns count the changes of the wanted number of TaskManagers.
	ScaleUps   int `json:"scale_ups"`
	ScaleDowns int `json:"scale_downs"`
	// Rescales is how often the job went on with another parallelism.
	Rescales int `json:"rescales"`
	// PodsMutated is how many pods the webhook changed.
	PodsMutated int `json:"pods_mutated"`
	// RecordsIn is what the topic holds, RecordsProcessed what the job has counted in its state, each record once.
	RecordsIn        *int64 `json:"records_in"`
	RecordsProcessed *int64 `json:"records_processed"`
	// TaskManagerSeconds is the running TaskManagers added up over time: what the run would have cost.
	TaskManagerSeconds float64 `json:"taskmanager_seconds"`
}

// Summarize fills in what follows from the points alone: all but Rescales, PodsMutated, RecordsIn and RecordsProcessed.
// LagEnd is nil when the last point has no lag.
func Summarize(points []Point) Summary {
	var s Summary
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
