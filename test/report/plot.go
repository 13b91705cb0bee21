package report

import (
	"fmt"
	"math"
	"strings"
)

// The drawing area of one plot, in units of its viewBox.
const (
	plotWidth  = 1000.0
	plotHeight = 170.0
	plotLeft   = 52.0
	plotRight  = 990.0
	plotTop    = 8.0
	plotBottom = 148.0
)

// plot is one of the report's plots, ready to be drawn.
type plot struct {
	Title, Unit string
	Legend      []legend
	Lines       []path
	YTicks      []mark
	XTicks      []mark
	Rescales    []float64
	Target      *mark
	scale       scale
}

// legend names a line, or a bundle of them, and is where the value under the pointer is shown. Key is also its class.
type legend struct {
	Key, Name string
}

// path is one drawn line. Fill, when there is one, is the area below it.
type path struct {
	Class, D, Fill, Title string
}

// mark is a labelled place on an axis, in units of the viewBox.
type mark struct {
	At    float64
	Label string
}

// scale maps values to a plot's viewBox; both axes start at 0.
type scale struct {
	tMax, yMax float64
}

func (s scale) x(t float64) float64 { return plotLeft + t/s.tMax*(plotRight-plotLeft) }
func (s scale) y(v float64) float64 { return plotBottom - v/s.yMax*(plotBottom-plotTop) }

// series is a line's values over the points' times; nil is a gap.
type series []*float64

func seriesOf(points []Point, value func(Point) *float64) series {
	s := make(series, len(points))
	for i, p := range points {
		s[i] = value(p)
	}
	return s
}

// peak is the highest known value of the series, and at least low.
func peak(low float64, all ...series) float64 {
	for _, s := range all {
		for _, v := range s {
			if x, known := finite(v); known {
				low = max(low, x)
			}
		}
	}
	return low
}

// draw is the line through the known values. It breaks at each gap; a lone value becomes a dot. As steps, a value holds
// until the next one.
func (s scale) draw(points []Point, values series, steps bool) string {
	var d strings.Builder
	s.eachStretch(points, values, func(stretch []xy) {
		fmt.Fprintf(&d, "M%.1f %.1f", stretch[0].x, stretch[0].y)
		if len(stretch) == 1 {
			d.WriteString("h0")
		}
		for _, p := range stretch[1:] {
			if steps {
				fmt.Fprintf(&d, "H%.1fV%.1f", p.x, p.y)
			} else {
				fmt.Fprintf(&d, "L%.1f %.1f", p.x, p.y)
			}
		}
	})
	return d.String()
}

// fill is the area between the line that draw gives and the axis.
func (s scale) fill(points []Point, values series, steps bool) string {
	var d strings.Builder
	s.eachStretch(points, values, func(stretch []xy) {
		fmt.Fprintf(&d, "M%.1f %.1fV%.1f", stretch[0].x, plotBottom, stretch[0].y)
		for _, p := range stretch[1:] {
			if steps {
				fmt.Fprintf(&d, "H%.1fV%.1f", p.x, p.y)
			} else {
				fmt.Fprintf(&d, "L%.1f %.1f", p.x, p.y)
			}
		}
		fmt.Fprintf(&d, "V%.1fZ", plotBottom)
	})
	return d.String()
}

type xy struct{ x, y float64 }

// eachStretch calls with each run of neighbouring points whose value is known.
func (s scale) eachStretch(points []Point, values series, call func([]xy)) {
	var stretch []xy
	for i, v := range values {
		if value, known := finite(v); known {
			stretch = append(stretch, xy{s.x(points[i].T), s.y(value)})
			continue
		}
		if len(stretch) > 0 {
			call(stretch)
		}
		stretch = nil
	}
	if len(stretch) > 0 {
		call(stretch)
	}
}

// round is the smallest of 1, 2 and 5 times a power of ten that is not below v.
func round(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= v*(1-1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// yAxis is a scale whose top is a whole number of steps, and its ticks. No step is smaller than least.
func yAxis(tMax, highest, least float64) (scale, []mark) {
	step := max(least, round(max(highest, least)/4))
	s := scale{tMax: tMax, yMax: step * max(1, math.Ceil(highest/step-1e-9))}
	var ticks []mark
	for n := 0.0; n*step <= s.yMax*(1+1e-9); n++ {
		ticks = append(ticks, mark{At: s.y(n * step), Label: short(n * step)})
	}
	return s, ticks
}

// xTicks are at most some ten round times.
func xTicks(s scale) []mark {
	step := 3600.0
	for _, seconds := range []float64{1, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800} {
		if s.tMax/seconds <= 10 {
			step = seconds
			break
		}
	}
	var ticks []mark
	for t := 0.0; t <= s.tMax; t += step {
		ticks = append(ticks, mark{At: s.x(t), Label: clock(t)})
	}
	return ticks
}

// short is a tick's number: 0.5, 800, 1.5k, 20k, 3M.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.3gk", v/1e3)
	default:
		return fmt.Sprintf("%.3g", v)
	}
}
