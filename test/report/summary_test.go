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
			Summary{LagMax: new(int64(3)), LagEnd: new(int64(3)), TaskManagersMin: 2, TaskManagersMax: 2},
		},
		{
			"up twice and down once; a number holds until the next point",
			[]Point{at(0, new(1.0), 1, 1), at(10, new(900.0), 3, 1), at(20, new(50.0), 5, 3), at(40, new(2.0), 4, 5)},
			Summary{
				DurationS: 40, LagMax: new(int64(900)), LagEnd: new(int64(2)), TaskManagersMin: 1, TaskManagersMax: 5,
				ScaleUps: 2, ScaleDowns: 1, TaskManagerSeconds: 10 + 10 + 60,
			},
		},
		{
			"the lag at the end is not known, nor is it the last known one",
			[]Point{at(0, new(8.0), 1, 1), at(10, nil, 1, 1)},
			Summary{DurationS: 10, LagMax: new(int64(8)), TaskManagersMin: 1, TaskManagersMax: 1, TaskManagerSeconds: 10},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Summarize(tc.points)); diff != "" {
				t.Errorf("Summarize (-want +got):\n%s", diff)
			}
		})
	}
}
