package desired

import (
	"math"
	"slices"
)

// flow is what is to go through a vertex, in records per second.
type flow struct {
	Vertex
	target  float64 // what arrives for it
	take    float64 // of that, what the narrowest vertices of the job let through
	catchUp float64 // what is to come on top, from the backlog
}

// stale is how old a source's position is taken to be, in seconds: a JobManager renews its metrics every 10 s, and is
// asked every 5 s. What a source reads in that time looks like a backlog and isn't one.
const stale = 15

// excess is the backlog that a source really has, in records. What is taken off depends on what is read, not on what arrives: more
// arrivals never make a backlog smaller.
func (v Vertex) excess() float64 {
	if v.Source == nil || v.Source.Unknown != "" {
		return 0
	}
	return max(v.Source.Backlog-stale*v.RecordsIn, 0)
}

// arrivalUnknown tells whether what a source reads has to stand for what arrives.
func (v Vertex) arrivalUnknown() bool {
	return v.isSource() && (v.Source == nil || v.Source.Unknown != "")
}

func (v Vertex) isSource() bool { return len(v.Inputs) == 0 }

// flows works out what is to go through each vertex, upstream first. A source's target is the rate of arrival, or what it reads where
// that is unknown; another vertex's is the sum over its inputs of the target there times the records that reach it for each
// record read there. The rest flows down by the same ratios. Where catchUp is false, no backlog counts.
func flows(vertices []Vertex, rules Rules, catchUp bool) []flow {
	g := newGraph(vertices)
	order := g.upstreamFirst()
	narrowest := g.narrowest(order)
	done := make([]flow, 0, len(vertices))
	at := make(map[string]int, len(vertices)) // where in done
	for _, v := range order {
		f := flow{Vertex: v}
		if v.isSource() {
			f.target = v.RecordsIn
			if !v.arrivalUnknown() {
				f.target = v.Source.Arrival
			}
			f.take = min(f.target, narrowest[v.ID])
			if catchUp {
				f.catchUp = min(rules.perCatchUp(v.excess()), narrowest[v.ID]-f.take)
			}
		}
		unread := false
		for _, id := range g.upstream[v.ID] {
			i, known := at[id]
			if !known {
				continue // it is on a circle
			}
			up := done[i]
			ratio, known := g.ratio(up.Vertex, v)
			unread = unread || !known
			f.target += up.target * ratio
			f.take += up.take * ratio
			f.catchUp += up.catchUp * ratio
		}
		if unread {
			f.atLeast(v.RecordsIn)
		}
		at[v.ID] = len(done)
		done = append(done, f)
	}
	return done
}

// narrowest is how much each vertex can ever take in, in records per second: what the vertex below it that is narrowest does when it is
// as parallel as it may be. What is beyond that, no TaskManager helps with.
func (g graph) narrowest(order []Vertex) map[string]float64 {
	takes := make(map[string]float64, len(order))
	for _, v := range order {
		takes[v.ID] = math.Inf(1)
	}
	for _, v := range slices.Backward(order) {
		limit, _ := v.limit()
		if rate := v.rate(); rate > 0 && limit > 0 {
			takes[v.ID] = min(takes[v.ID], rate*v.shares().even(limit))
		}
		for _, id := range g.upstream[v.ID] {
			if ratio, known := g.ratio(g.byID[id], v); known && ratio > 0 {
				takes[id] = min(takes[id], takes[v.ID]/ratio)
			}
		}
	}
	return takes
}

// atLeast is for a vertex above which nothing was read in the window: what came in is all that is known of what comes from there.
func (f *flow) atLeast(in float64) {
	all := f.take + f.catchUp
	f.target, f.take = max(f.target, in), max(f.take, in)
	f.catchUp = max(all-f.take, 0)
}

// graph is a job graph; each edge counts once, however often a vertex reads another.
type graph struct {
	vertices []Vertex
	byID     map[string]Vertex
	upstream map[string][]string // the inputs' IDs
	fanOut   map[string]int      // number of vertices that read it
}

func newGraph(vertices []Vertex) graph {
	g := graph{vertices: vertices, byID: map[string]Vertex{}, upstream: map[string][]string{}, fanOut: map[string]int{}}
	for _, v := range vertices {
		g.byID[v.ID] = v
	}
	for _, v := range vertices {
		for _, input := range v.Inputs {
			if _, known := g.byID[input.From]; known && !slices.Contains(g.upstream[v.ID], input.From) {
				g.upstream[v.ID] = append(g.upstream[v.ID], input.From)
				g.fanOut[input.From]++
			}
		}
	}
	return g
}

// upstreamFirst are the vertices, each after its inputs, else in the order given. What is on a circle comes last.
func (g graph) upstreamFirst() []Vertex {
	var order []Vertex
	placed := map[string]bool{}
	for waiting := slices.Clone(g.vertices); len(waiting) > 0; {
		ready := slices.IndexFunc(waiting, func(v Vertex) bool {
			return !slices.ContainsFunc(g.upstream[v.ID], func(id string) bool { return !placed[id] })
		})
		if ready < 0 {
			return append(order, waiting...)
		}
		placed[waiting[ready].ID] = true
		order = append(order, waiting[ready])
		waiting = slices.Delete(waiting, ready, ready+1)
	}
	return order
}

// ratio is how many records reach to for each one that from reads. A vertex counts only all that comes in and all that
// goes out: where to has several inputs and from several outputs, what came in is laid to its inputs as they wrote. Where
// nothing was read or written it can't be told.
func (g graph) ratio(from, to Vertex) (float64, bool) {
	if from.RecordsIn == 0 {
		return 0, false
	}
	switch {
	case len(g.upstream[to.ID]) == 1:
		return to.RecordsIn / from.RecordsIn, true
	case g.fanOut[from.ID] == 1:
		return from.RecordsOut / from.RecordsIn, true
	}
	written := 0.0
	for _, id := range g.upstream[to.ID] {
		written += g.byID[id].RecordsOut
	}
	if written == 0 {
		return 0, false
	}
	return to.RecordsIn * from.RecordsOut / written / from.RecordsIn, true
}
