package report

import (
	"fmt"
	"io"
)

// Comparison is several jobs side by side, over one time axis.
type Comparison struct {
	// Title and Headline stand above all else.
	Title, Headline string
	// Load is the shape of the load, as package load writes it. Every job had it.
	Load string
	// Table is the outcome.
	Table Table
	// Jobs are the names of what is compared, at most MaxJobs.
	Jobs []string
	// Times are those of the measurements, in seconds since the start, in order.
	Times []float64
	// Panels are the plots, top to bottom.
	Panels []Panel
	// Marks are times to be marked in the plots, in seconds since the start, and Mark what they stand for.
	Marks []float64
	Mark  string
}

// Panel is one plot, with a line for each job.
type Panel struct {
	// Key is a word of its own for the plot: a class of its lines.
	Key         string
	Title, Unit string
	// Steps says that a value holds until the next one.
	Steps bool
	// Lines are the values by job and time. A nil value was not known then, and stays a gap.
	Lines [][]*float64
}

// places are the classes of the jobs' lines, in the order of Comparison.Jobs. Each is drawn thinner than the one before, which it may
// cover.
func places() []string { return []string{"first", "second", "third"} }

// MaxJobs is how many jobs a Comparison can tell apart.
func MaxJobs() int { return len(places()) }

// WriteComparison writes a page like that of WriteHTML: the table, and the panels. It is an error when there are more jobs than
// MaxJobs.
func WriteComparison(w io.Writer, c Comparison) error {
	if len(c.Jobs) > MaxJobs() {
		return fmt.Errorf("a comparison of %d jobs: at most %d can be told apart", len(c.Jobs), MaxJobs())
	}
	points := make([]Point, len(c.Times)) // for their times
	tMax := 1.0
	h := hover{Text: map[string][]string{}, Y: map[string][]*float64{}, HPA: make([]string, len(points))}
	for i, t := range c.Times {
		points[i].T, tMax = t, max(tMax, t)
	}
	for _, p := range points {
		h.X, h.Time = append(h.X, scale{tMax: tMax}.x(p.T)), append(h.Time, clock(p.T))
	}
	var all []plot
	for _, panel := range c.Panels {
		highest := 1.0
		for _, line := range panel.Lines {
			highest = peak(highest, line)
		}
		s, ticks := yAxis(tMax, highest, 1)
		f := newFigure(points, h, panel.Title, panel.Unit, s, ticks)
		for i, name := range c.Jobs {
			f.line(places()[i]+" "+panel.Key, name, panel.Lines[i], 0, panel.Steps, false)
		}
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
