package demo

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flink-hpa/flink-hpa/test/report"
)

// aRun processed all of a hundred records.
func aRun(policy string, cost float64, p99, highest int64, rescales int) report.Run {
	return report.Run{
		Policy: policy, Load: "sine:min=1,max=2,period=1m",
		Points: []report.Point{
			{T: 0.4, Lag: new(1.0), TaskManagersRunning: 1}, {T: 1.6, TaskManagersRunning: 2}, {T: 2.9, Lag: new(3.0), TaskManagersRunning: 2},
		},
		Summary: report.Summary{
			TaskManagerSeconds: cost, LagP99: &p99, LagMax: &highest, LagEnd: new(int64(0)), Rescales: rescales,
			RecordsIn: new(int64(100)), RecordsProcessed: new(int64(100)), TaskManagersMin: 1, TaskManagersMax: 2,
		},
	}
}

func TestSideBySide(t *testing.T) {
	lost := aRun("lost", 1, 1, 1, 1)
	lost.Summary.RecordsProcessed = new(int64(99))
	unknown := aRun("unknown", 2000, 50, 60, 9)
	unknown.Summary.LagP99 = nil
	for _, test := range []struct {
		name     string
		runs     []report.Run
		best     map[int][]int
		headline string
	}{
		{"the lowest of each row stands out", []report.Run{aRun("lag", 2316, 70, 90, 7), aRun("desired", 1905, 60, 91, 7)},
			map[int][]int{0: {2}, 1: {2}, 2: {1}, 3: {1, 2}},
			"Lowest TaskManager seconds: desired (1905). Lowest lag in 99 % of the time, records: desired (60)."},
		{"a run that lost a record is best at nothing", []report.Run{lost, aRun("desired", 1905, 60, 91, 7)},
			map[int][]int{0: {2}, 1: {2}, 2: {2}, 3: {2}},
			"Lowest TaskManager seconds: desired (1905). Lowest lag in 99 % of the time, records: desired (60)."},
		{"what isn't known isn't low", []report.Run{unknown, aRun("desired", 3000, 60, 91, 7)},
			map[int][]int{0: {1}, 1: {2}, 2: {1}, 3: {2}},
			"Lowest TaskManager seconds: unknown (2000). Lowest lag in 99 % of the time, records: desired (60)."},
		{"all lost something", []report.Run{lost, lost}, map[int][]int{}, "No run processed every record."},
		{"there is only one yet", []report.Run{lost}, map[int][]int{}, "Only lost has run so far."},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.best, sideBySide(test.runs).Best); diff != "" {
				t.Errorf("best (-want +got):\n%s", diff)
			}
			if got := headline(test.runs); got != test.headline {
				t.Errorf("headline:\n got %s\nwant %s", got, test.headline)
			}
		})
	}
}

func TestAlongGivesTheLatestMeasurementAndNoOldOne(t *testing.T) {
	points := []report.Point{{T: 0.4, Lag: new(1.0)}, {T: 1.6}, {T: 2, Lag: new(2.0)}}
	got := along([]float64{0, 1, 2, 3, 6.9, 7}, points, func(p report.Point) *float64 { return p.Lag })
	want := []*float64{nil, new(1.0), new(2.0), new(2.0), new(2.0), nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("along (-want +got):\n%s", diff)
	}
	if got := along([]float64{1.7}, points, func(p report.Point) *float64 { return p.Lag }); got[0] != nil {
		t.Errorf("a gap became %v", *got[0])
	}
}

func TestAComparisonLeavesItsFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "compare")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeComparison(dir, []report.Run{aRun("lag", 2316, 70, 90, 7), aRun("busy", 2100, 80, 99, 8), aRun("desired", 1905, 60, 91, 4)}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(dir + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]map[string]*float64
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	for policy, want := range map[string]map[string]float64{
		"lag":     {"taskmanager_seconds": 2316, "lag_p99": 70, "lag_max": 90, "rescales": 7, "lag_end": 0},
		"busy":    {"taskmanager_seconds": 2100, "lag_p99": 80, "lag_max": 99, "rescales": 8, "lag_end": 0},
		"desired": {"taskmanager_seconds": 1905, "lag_p99": 60, "lag_max": 91, "rescales": 4, "lag_end": 0},
	} {
		for name, value := range want {
			if v := got[policy][name]; v == nil || *v != value {
				t.Errorf("%s of %s is %v, want %v", name, policy, show(v), value)
			}
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<td>2316</td><td>2100</td><td class="best">1905</td>`, `class="third taskmanagers"`, `class="first lag"`} {
		if !strings.Contains(string(page), want) {
			t.Errorf("report.html lacks %q", want)
		}
	}
}
