package report

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fewPoints has a gap in every measured value.
func fewPoints() []Point {
	return []Point{
		{
			T: 0, ArrivalPerS: new(200.0), ProcessedPerS: new(199.6), Lag: new(1234.0), BusyRatio: new(0.5),
			FlinkLag: new(456.0), TaskManagersDesired: new(2.0),
			BusyPerTaskManager: map[string]float64{"a": 0.5}, CPUPerTaskManager: map[string]float64{"a": 0.1},
			TaskManagersWanted: 1, TaskManagersRunning: 1, HPA: "ScalingActive: <all well> & more",
		},
		{
			T: 2, ArrivalPerS: new(210.5), ProcessedPerS: new(math.NaN()), Lag: new(math.Inf(1)),
			CPUPerTaskManager: map[string]float64{"b": math.NaN()}, TaskManagersWanted: 3, TaskManagersRunning: 1,
			HPA: "</script><script>alert(1)</script>",
		},
		{
			T: 4, ProcessedPerS: new(0.0), Lag: new(0.0), BusyRatio: new(1.0),
			BusyPerTaskManager: map[string]float64{"a": 0.61, "b": 0.8312}, TaskManagersWanted: 3, TaskManagersRunning: 3,
		},
	}
}

func TestWriteLeavesThreeFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out", "demo")
	points := fewPoints()
	if err := Write(dir, Run{Points: points, Summary: Summarize(points)}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"summary.json", "series.csv", "report.html"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWriteSaysWhichFileItCouldNotWrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "series.csv"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := Write(dir, Run{})
	if err == nil || !strings.Contains(err.Error(), "series.csv") {
		t.Errorf("Write() = %v, want an error about series.csv", err)
	}
}

func TestSummaryHasEachNameOfTheContract(t *testing.T) {
	var out bytes.Buffer
	if err := WriteSummary(&out, Summary{LagMax: new(int64(7))}); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"duration_s": 0.0, "lag_max": 7.0, "lag_p99": nil, "lag_end": nil, "taskmanagers_min": 0.0, "taskmanagers_max": 0.0,
		"scale_ups": 0.0, "scale_downs": 0.0, "rescales": 0.0, "rescales_after_step": nil, "quiet_s": 0.0, "pods_mutated": 0.0, "records_in": nil,
		"records_processed": nil, "taskmanager_seconds": 0.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary.json (-want +got):\n%s", diff)
	}
}

func TestCSVLeavesUnknownCellsEmpty(t *testing.T) {
	want, err := os.ReadFile("testdata/series.csv")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := WriteCSV(&got, fewPoints()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("series.csv (-want +got):\n%s", diff)
	}
}
