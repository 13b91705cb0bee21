package report

import (
	"fmt"
	"maps"
	"slices"
)

// figure gathers one plot's lines and the hover values that go with them.
type figure struct {
	points []Point
	plot   plot
	hover  hover
}

// hover is what the page's script shows for the point under the pointer. It does no arithmetic of its own.
type hover struct {
	// X is the place of each point, Time its time, HPA what the autoscaler said.
	X    []float64 `json:"x"`
	Time []string  `json:"time"`
	HPA  []string  `json:"hpa"`
	// Text is the text of each legend's key at each point, Y its place on the plot, null in a gap.
	Text map[string][]string   `json:"text"`
	Y    map[string][]*float64 `json:"y"`
}

func newFigure(points []Point, h hover, title, unit string, s scale, ticks []mark) *figure {
	return &figure{points: points, hover: h, plot: plot{Title: title, Unit: unit, scale: s, YTicks: ticks}}
}

// line draws one series, with a legend that shows its value. filled also paints the area below.
func (f *figure) line(key, name string, values series, decimals int, steps, filled bool) {
	p := path{Class: key, D: f.plot.scale.draw(f.points, values, steps)}
	if filled {
		p.Fill = f.plot.scale.fill(f.points, values, steps)
	}
	f.plot.Lines = append(f.plot.Lines, p)
	f.plot.Legend = append(f.plot.Legend, legend{Key: key, Name: name})
	for _, v := range values {
		f.hover.Text[key] = append(f.hover.Text[key], text(v, decimals))
		var y *float64
		if value, known := finite(v); known {
			y = new(f.plot.scale.y(value))
		}
		f.hover.Y[key] = append(f.hover.Y[key], y)
	}
}

// bundle draws one thin line for each TaskManager, under one legend that shows the lowest and the highest.
func (f *figure) bundle(key, name string, of func(Point) map[string]float64) {
	for _, taskManager := range taskManagers(f.points, of) {
		values := seriesOf(f.points, func(p Point) *float64 { return entry(of(p), taskManager) })
		f.plot.Lines = append(f.plot.Lines, path{
			Class: key, D: f.plot.scale.draw(f.points, values, false), Title: taskManager,
		})
	}
	f.plot.Legend = append(f.plot.Legend, legend{Key: key, Name: name})
	for _, p := range f.points {
		f.hover.Text[key] = append(f.hover.Text[key], span(of(p)))
	}
}

func entry(m map[string]float64, key string) *float64 {
	v, ok := m[key]
	if !ok {
		return nil
	}
	return &v
}

func taskManagers(points []Point, of func(Point) map[string]float64) []string {
	names := map[string]bool{}
	for _, p := range points {
		for name := range of(p) {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// span is "0.61 to 0.83", or one number, or "-".
func span(m map[string]float64) string {
	var low, high *float64
	for _, v := range m {
		if _, known := finite(&v); !known {
			continue
		}
		if low == nil || v < *low {
			low = new(v)
		}
		if high == nil || v > *high {
			high = new(v)
		}
	}
	if a, b := text(low, 2), text(high, 2); a != b {
		return fmt.Sprintf("%s to %s", a, b)
	}
	return text(low, 2)
}

// plots are the report's four plots, top to bottom, over one time axis.
func plots(run Run) ([]plot, hover) {
	points := run.Points
	tMax := 1.0
	if len(points) > 0 {
		tMax = max(tMax, points[len(points)-1].T)
	}
	h := hover{Text: map[string][]string{}, Y: map[string][]*float64{}}
	for _, p := range points {
		h.X = append(h.X, scale{tMax: tMax}.x(p.T))
		h.Time = append(h.Time, clock(p.T))
		h.HPA = append(h.HPA, p.HPA)
	}
	var all []plot
	for _, f := range []*figure{
		lagFigure(points, h, tMax), throughputFigure(points, h, tMax),
		busyFigure(run, h, tMax), taskManagersFigure(points, h, tMax),
	} {
		f.plot.XTicks = xTicks(f.plot.scale)
		for _, t := range run.RescaledAt {
			f.plot.Rescales = append(f.plot.Rescales, f.plot.scale.x(t))
		}
		all = append(all, f.plot)
	}
	return all, h
}

func lagFigure(points []Point, h hover, tMax float64) *figure {
	lag := seriesOf(points, func(p Point) *float64 { return p.Lag })
	flink := seriesOf(points, func(p Point) *float64 { return p.FlinkLag })
	s, ticks := yAxis(tMax, peak(1, lag, flink), 1)
	f := newFigure(points, h, "Lag", "records behind the end of the log", s, ticks)
	f.line("lag", "of the committed offsets", lag, 0, false, true)
	f.line("flink-lag", "of the job's own positions", flink, 0, false, false)
	return f
}

func throughputFigure(points []Point, h hover, tMax float64) *figure {
	arrival := seriesOf(points, func(p Point) *float64 { return p.ArrivalPerS })
	processed := seriesOf(points, func(p Point) *float64 { return p.ProcessedPerS })
	s, ticks := yAxis(tMax, peak(1, arrival, processed), 1)
	f := newFigure(points, h, "Throughput", "records/s", s, ticks)
	f.line("processed", "processed", processed, 0, false, false)
	f.line("arrival", "arriving", arrival, 0, false, false)
	return f
}

func busyFigure(run Run, h hover, tMax float64) *figure {
	points := run.Points
	job := seriesOf(points, func(p Point) *float64 { return p.BusyRatio })
	busy := func(p Point) map[string]float64 { return p.BusyPerTaskManager }
	cpu := func(p Point) map[string]float64 { return p.CPUPerTaskManager }
	highest := peak(max(1, run.BusyTarget), job)
	for _, p := range points {
		for _, v := range p.CPUPerTaskManager {
			highest = peak(highest, series{&v})
		}
	}
	s, ticks := yAxis(tMax, highest, 0.25)
	f := newFigure(points, h, "Busy ratio and CPU", "share of time, of a core", s, ticks)
	f.bundle("cpu", "CPU of each", cpu)
	f.bundle("taskmanager", "each TaskManager", busy)
	f.line("busy", "job", job, 2, false, false)
	slices.Reverse(f.plot.Legend)
	if run.BusyTarget > 0 {
		f.plot.Target = &mark{At: s.y(run.BusyTarget), Label: fmt.Sprintf("target %s", short(run.BusyTarget))}
	}
	return f
}

func taskManagersFigure(points []Point, h hover, tMax float64) *figure {
	wanted := seriesOf(points, func(p Point) *float64 { return new(float64(p.TaskManagersWanted)) })
	running := seriesOf(points, func(p Point) *float64 { return new(float64(p.TaskManagersRunning)) })
	desired := seriesOf(points, func(p Point) *float64 { return p.TaskManagersDesired })
	s, ticks := yAxis(tMax, peak(1, wanted, running, desired), 1)
	f := newFigure(points, h, "TaskManagers", "", s, ticks)
	f.line("running", "running", running, 0, true, true)
	f.line("desired", "desired", desired, 0, true, false)
	f.line("wanted", "wanted", wanted, 0, true, false)
	return f
}
