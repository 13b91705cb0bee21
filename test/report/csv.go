package report

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
)

// WriteCSV writes the content of series.csv: one line a point, with an empty cell where a value is not known.
func WriteCSV(w io.Writer, points []Point) error {
	out := csv.NewWriter(w)
	lines := [][]string{{
		"t_s", "arrival_per_s", "processed_per_s", "lag", "busy_ratio", "taskmanagers_wanted", "taskmanagers_running",
		"flink_desired_taskmanagers", "flink_kafka_lag",
	}}
	for _, p := range points {
		lines = append(lines, []string{
			cell(&p.T, 1), cell(p.ArrivalPerS, 1), cell(p.ProcessedPerS, 1), cell(p.Lag, 0), cell(p.BusyRatio, 3),
			strconv.Itoa(p.TaskManagersWanted), strconv.Itoa(p.TaskManagersRunning),
			cell(p.TaskManagersDesired, 0), cell(p.FlinkLag, 0),
		})
	}
	return out.WriteAll(lines)
}

// cell is a number with so many decimals, or nothing.
func cell(v *float64, decimals int) string {
	x, known := finite(v)
	if !known {
		return ""
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}

// finite is the value, and false for one that is not known: nil, NaN or infinite.
func finite(v *float64) (float64, bool) {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return 0, false
	}
	return *v, true
}
