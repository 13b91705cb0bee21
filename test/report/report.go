// Package report turns a run of the demo into what it leaves behind: summary.json, series.csv, report.html, and the
// live table in the terminal.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Point is what was measured at one moment. A nil value was not known then, and stays a gap everywhere.
type Point struct {
	// T is the time since the run's start, in seconds. Points are in order of T.
	T float64
	// ArrivalPerS and ProcessedPerS are records per second.
	ArrivalPerS, ProcessedPerS *float64
	// Lag is records between the group's committed offsets and the log end offsets.
	Lag *float64
	// BusyRatio is what the adapter answered for flink_busy_ratio, 0..1.
	BusyRatio *float64
	// FlinkLag is what the adapter answered for flink_kafka_lag, in records, TaskManagersDesired for flink_desired_taskmanagers.
	FlinkLag, TaskManagersDesired *float64
	// BusyPerTaskManager is the busy share by TaskManager, 0..1; one without a value is left out.
	BusyPerTaskManager map[string]float64
	// CPUPerTaskManager is CPU time by TaskManager, as a share of one core; one without a value is left out.
	CPUPerTaskManager map[string]float64
	// TaskManagersWanted is the Deployment's replicas, TaskManagersRunning how many of its pods are ready.
	TaskManagersWanted, TaskManagersRunning int
	// HPA is what the autoscaler last said about itself.
	HPA string
}

// Run is a whole run of the demo.
type Run struct {
	// Load is the shape of the load, as package load writes it.
	Load string
	// Policy is what the HPA went by; empty: what the sample's own says.
	Policy string
	// BusyTarget is the HPA's target for the busy ratio; 0: it has none.
	BusyTarget float64
	// RescaledAt are the times of the job's rescales, in seconds since the start.
	RescaledAt []float64
	Points     []Point
	Summary    Summary
}

// Write leaves summary.json, series.csv and report.html in dir, which it makes when it isn't there.
func Write(dir string, run Run) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"summary.json", func(w io.Writer) error { return WriteSummary(w, run.Summary) }},
		{"series.csv", func(w io.Writer) error { return WriteCSV(w, run.Points) }},
		{"report.html", func(w io.Writer) error { return WriteHTML(w, run) }},
	} {
		if err := writeFile(filepath.Join(dir, file.name), file.write); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return nil
}

// WriteSummary writes the content of summary.json.
func WriteSummary(w io.Writer, s Summary) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(s)
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}
