package desired

import "math"

// clean is the job with numbers that can't be replaced, so that no arithmetic on it can fail.
func (j Job) clean() Job {
	vertices := make([]Vertex, 0, len(j.Vertices))
	for _, v := range j.Vertices {
		v.Timeless = v.Timeless || math.IsNaN(v.Busy)
		v.Parallelism = max(v.Parallelism, 1)
		v.Busy, v.Backpressured, v.Hottest = share(v.Busy), share(v.Backpressured), share(v.Hottest)
		v.RecordsIn, v.RecordsOut = finite(v.RecordsIn), finite(v.RecordsOut)
		if v.Source != nil {
			source := *v.Source
			source.Arrival, source.Rise, source.Backlog = finite(source.Arrival), finite(source.Rise), finite(source.Backlog)
			v.Source = &source
		}
		vertices = append(vertices, v)
	}
	j.Vertices, j.Slots, j.TaskManagers = vertices, max(j.Slots, 1), max(j.TaskManagers, 1)
	return j
}

func share(x float64) float64 { return min(finite(x), 1) }

// finite is 0 for what is no rate or number of records at all, or too small to divide by.
func finite(x float64) float64 {
	if x > 1e-9 {
		return min(x, 1e15)
	}
	return 0
}
