package demo

import (
	"fmt"
	"strings"

	"github.com/flink-hpa/flink-hpa/test/report"
)

// comparison is the runs side by side, over one time axis of seconds.
func comparison(runs []report.Run) report.Comparison {
	c := report.Comparison{
		Title: "flink-hpa: what the HPA goes by", Headline: headline(runs), Load: runs[0].Load, Table: sideBySide(runs),
	}
	last := 0.0
	for _, run := range runs {
		c.Jobs = append(c.Jobs, run.Policy)
		for _, p := range run.Points {
			last = max(last, p.T)
		}
	}
	for t := 0.0; t <= last; t++ {
		c.Times = append(c.Times, t)
	}
	for _, panel := range []struct {
		report.Panel
		of func(report.Point) *float64
	}{
		{report.Panel{Key: "lag", Title: "Lag", Unit: "records behind the end of the log"},
			func(p report.Point) *float64 { return p.Lag }},
		{report.Panel{Key: "taskmanagers", Title: "TaskManagers", Unit: "running", Steps: true},
			func(p report.Point) *float64 { return new(float64(p.TaskManagersRunning)) }},
		{report.Panel{Key: "load", Title: "Load", Unit: "records/s"},
			func(p report.Point) *float64 { return p.ArrivalPerS }},
	} {
		for _, run := range runs {
			panel.Lines = append(panel.Lines, along(c.Times, run.Points, panel.of))
		}
		c.Panels = append(c.Panels, panel.Panel)
	}
	return c
}

// fresh is how old a measurement may be, in seconds, to stand for a moment of the common axis.
const fresh = 5.0

// along gives at each time the latest of a run's measurements; nil before the first, in a gap, and after the run's end.
func along(times []float64, points []report.Point, of func(report.Point) *float64) []*float64 {
	line, next := make([]*float64, len(times)), 0
	for i, t := range times {
		for next < len(points) && points[next].T <= t {
			next++
		}
		if next > 0 && t-points[next-1].T < fresh {
			line[i] = of(points[next-1])
		}
	}
	return line
}

// measurement is one by which runs are compared: the lower the better.
type measurement struct {
	name string
	of   func(report.Summary) *float64
}

func measurements() []measurement {
	count := func(of func(report.Summary) *int64) func(report.Summary) *float64 {
		return func(s report.Summary) *float64 {
			if n := of(s); n != nil {
				return new(float64(*n))
			}
			return nil
		}
	}
	return []measurement{
		{"TaskManager seconds", func(s report.Summary) *float64 { return &s.TaskManagerSeconds }},
		{"lag in 99 % of the time, records", count(func(s report.Summary) *int64 { return s.LagP99 })},
		{"highest lag, records", count(func(s report.Summary) *int64 { return s.LagMax })},
		{"rescales of the job", func(s report.Summary) *float64 { return new(float64(s.Rescales)) }},
	}
}

// sideBySide is the runs' outcome, with the best of each measurement standing out.
func sideBySide(runs []report.Run) report.Table {
	t := report.Table{Header: []string{""}, Best: map[int][]int{}}
	for _, run := range runs {
		t.Header = append(t.Header, run.Policy)
	}
	for _, m := range measurements() {
		row := []string{m.name}
		for _, run := range runs {
			row = append(row, number(m.of(run.Summary)))
		}
		for _, i := range best(runs, m) {
			t.Best[len(t.Rows)] = append(t.Best[len(t.Rows)], i+1)
		}
		t.Rows = append(t.Rows, row)
	}
	for _, fact := range []struct {
		name string
		of   func(report.Summary) string
	}{
		{"lag at the end, records", func(s report.Summary) string { return known(s.LagEnd) }},
		{"TaskManagers", func(s report.Summary) string { return fmt.Sprintf("%d to %d", s.TaskManagersMin, s.TaskManagersMax) }},
		{"records produced", func(s report.Summary) string { return known(s.RecordsIn) }},
		{"records processed", func(s report.Summary) string { return known(s.RecordsProcessed) }},
	} {
		row := []string{fact.name}
		for _, run := range runs {
			row = append(row, fact.of(run.Summary))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// best are the runs with the lowest value, among those that processed every record: what is left undone costs nothing.
func best(runs []report.Run, m measurement) []int {
	var found []int
	lowest := 0.0
	for i, run := range runs {
		v := m.of(run.Summary)
		switch {
		case v == nil || complete(run.Summary) != nil:
		case len(found) == 0 || *v < lowest:
			found, lowest = []int{i}, *v
		case *v == lowest:
			found = append(found, i)
		}
	}
	return found
}

// headline names the best by cost and by lag.
func headline(runs []report.Run) string {
	if len(runs) == 1 {
		return fmt.Sprintf("Only %s has run so far.", runs[0].Policy)
	}
	var said []string
	for _, m := range measurements()[:2] {
		winners := best(runs, m)
		if len(winners) == 0 {
			return "No run processed every record."
		}
		var names []string
		for _, i := range winners {
			names = append(names, runs[i].Policy)
		}
		said = append(said, fmt.Sprintf("Lowest %s: %s (%s)", m.name, strings.Join(names, " and "), number(m.of(runs[winners[0]].Summary))))
	}
	return strings.Join(said, ". ") + "."
}

// number is a whole number, as known writes it.
func number(v *float64) string {
	if v == nil {
		return known(nil)
	}
	return fmt.Sprintf("%.0f", *v)
}
