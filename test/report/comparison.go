package report

import "io"

// Comparison is a run of two jobs side by side: one as it was before something, one as it is after it.
type Comparison struct {
	// Title and Headline stand above all else.
	Title, Headline string
	// Load is the shape of the load, as package load writes it. Both jobs had it.
	Load string
	// Table is the outcome.
	Table Table
	// Before and After name the jobs.
	Before, After string
	// Moments are in order of T.
	Moments []Moment
	// Marks are times to be marked in the plots, in seconds since the start, and Mark what they stand for.
	Marks []float64
	Mark  string
}

// Moment is what was measured at one time. A nil value was not known then, and stays a gap.
type Moment struct {
	// T is the time since the start, in seconds.
	T             float64
	Before, After State
}

// State is that of one job.
type State struct {
	// Lag is records between the group's committed offsets and the log end offsets.
	Lag *float64
	// Parallelism is how many subtasks of a vertex run; nil while the job does not run.
	Parallelism *float64
}

// Table is rows of text below a header. The first cell of each row names it.
type Table struct {
	Header []string
	Rows   [][]string
}

// WriteComparison writes a page like that of WriteHTML: the table, and a plot of the two jobs' lag and one of their
// parallelism.
func WriteComparison(w io.Writer, c Comparison) error {
	points := make([]Point, len(c.Moments)) // for their times
	tMax := 1.0
	h := hover{Text: map[string][]string{}, Y: map[string][]*float64{}, HPA: make([]string, len(points))}
	for i, m := range c.Moments {
		points[i].T, tMax = m.T, max(tMax, m.T)
	}
	for _, p := range points {
		h.X, h.Time = append(h.X, scale{tMax: tMax}.x(p.T)), append(h.Time, clock(p.T))
	}
	var all []plot
	for _, part := range []struct {
		key, title, unit string
		steps            bool
		of               func(State) *float64
	}{
		{"lag", "Lag", "records behind the end of the log", false, func(s State) *float64 { return s.Lag }},
		{"parallelism", "Parallelism", "of the job while it runs", true, func(s State) *float64 { return s.Parallelism }},
	} {
		var before, after series
		for _, m := range c.Moments {
			before, after = append(before, part.of(m.Before)), append(after, part.of(m.After))
		}
		s, ticks := yAxis(tMax, peak(1, before, after), 1)
		f := newFigure(points, h, part.title, part.unit, s, ticks)
		f.line("before "+part.key, c.Before, before, 0, part.steps, false)
		f.line("after "+part.key, c.After, after, 0, part.steps, false)
		f.plot.XTicks = xTicks(s)
		for _, t := range c.Marks {
			f.plot.Rescales = append(f.plot.Rescales, s.x(t))
		}
		all = append(all, f.plot)
	}
	return content{
		Title: c.Title, Headline: c.Headline, Load: c.Load, Table: &c.Table, Plots: all, Hover: h, Mark: c.Mark,
		Empty: len(points) == 0,
	}.render(w)
}
