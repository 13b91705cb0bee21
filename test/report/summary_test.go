package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSummarize(t *testing.T) {
	at := func(t float64, lag *float64, wanted, running int) Point {
		return Point{T: t, Lag: lag, TaskManagersWanted: wanted, TaskManagersRunning: running}
	}
	for _, tc := range []struct {
		name   string
		points []Point
		want   Summary
	}{
		{"nothing was measured", nil, Summary{}},
		{
			"a single point has no duration",
			[]Point{at(5, new(3.0), 2, 2)},
			Summary{LagMax: new(int64(3)), LagP99: new(int64(3)), LagEnd: new(int64(3)), TaskManagersMin: 2, TaskManagersMax: 2},
		},
		{
			"up twice and down once; a number holds until the next point",
			[]Point{at(0, new(1.0), 1, 1), at(10, new(900.0), 3, 1), at(20, new(50.0), 5, 3), at(40, new(2.0), 4, 5)},
			Summary{
				DurationS: 40, LagMax: new(int64(900)), LagP99: new(int64(900)), LagEnd: new(int64(2)), TaskManagersMin: 1, TaskManagersMax: 5,
				ScaleUps: 2, ScaleDowns: 1, TaskManagerSeconds: 10 + 10 + 60,
			},
		},
		{
			"the lag at the end is not known, nor is it the last known one",
			[]Point{at(0, new(8.0), 1, 1), at(10, nil, 1, 1)},
			Summary{DurationS: 10, LagMax: new(int64(8)), LagP99: new(int64(8)), TaskManagersMin: 1, TaskManagersMax: 1, TaskManagerSeconds: 10},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Summarize(tc.points)); diff != "" {
				t.Errorf("Summarize (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLagWithinCountsTimeNotPoints(t *testing.T) {
	at := func(t float64, lag *float64) Point { return Point{T: t, Lag: lag} }
	for _, tc := range []struct {
		name   string
		points []Point
		want   *int64
	}{
		{"one second in a hundred may be above", []Point{at(0, new(10.0)), at(99, new(5000.0)), at(100, new(10.0))}, new(int64(10))},
		{"two may not", []Point{at(0, new(10.0)), at(98, new(5000.0)), at(100, new(10.0))}, new(int64(5000))},
		{"many points in a short time weigh no more", []Point{at(0, new(10.0)), at(999, new(70.0)), at(999.5, new(80.0)), at(1000, new(0.0))}, new(int64(10))},
		{"a time without a lag doesn't count", []Point{at(0, new(10.0)), at(50, nil), at(1000, new(90.0)), at(1010, nil)}, new(int64(90))},
		{"a lag that is never known is not", []Point{at(0, nil), at(9, nil)}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, lagWithin(tc.points, 0.99)); diff != "" {
				t.Errorf("lagWithin (-want +got):\n%s", diff)
			}
		})
	}
}
