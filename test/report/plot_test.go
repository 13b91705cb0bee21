package report

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDrawBreaksAtGaps(t *testing.T) {
	points := []Point{{T: 0}, {T: 1}, {T: 2}, {T: 3}, {T: 4}}
	s := scale{tMax: 4, yMax: 1}
	one, half := new(1.0), new(0.5)
	for _, tc := range []struct {
		name         string
		values       series
		steps        bool
		draw, filled string
	}{
		{"a whole line", series{one, half, one, one, one}, false,
			"M52.0 8.0L286.5 78.0L521.0 8.0L755.5 8.0L990.0 8.0",
			"M52.0 148.0V8.0L286.5 78.0L521.0 8.0L755.5 8.0L990.0 8.0V148.0Z"},
		{"steps hold until the next value", series{one, half, nil, nil, nil}, true,
			"M52.0 8.0H286.5V78.0", "M52.0 148.0V8.0H286.5V78.0V148.0Z"},
		{"a gap is not drawn through", series{one, half, nil, half, one}, false,
			"M52.0 8.0L286.5 78.0M755.5 78.0L990.0 8.0",
			"M52.0 148.0V8.0L286.5 78.0V148.0ZM755.5 148.0V78.0L990.0 8.0V148.0Z"},
		{"NaN and infinity are gaps, and a lone value a dot", series{new(math.NaN()), half, new(math.Inf(1)), nil, nil}, false,
			"M286.5 78.0h0", "M286.5 148.0V78.0V148.0Z"},
		{"nothing known draws nothing", make(series, 5), false, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := s.draw(points, tc.values, tc.steps); got != tc.draw {
				t.Errorf("draw = %s, want %s", got, tc.draw)
			}
			if got := s.fill(points, tc.values, tc.steps); got != tc.filled {
				t.Errorf("fill = %s, want %s", got, tc.filled)
			}
		})
	}
}

func TestYAxisEndsOnARoundNumber(t *testing.T) {
	for _, tc := range []struct {
		name           string
		highest, least float64
		want           []string
	}{
		{"nothing above 0", 0, 1, []string{"0", "1"}},
		{"a few TaskManagers", 3, 1, []string{"0", "1", "2", "3"}},
		{"many TaskManagers", 15, 1, []string{"0", "5", "10", "15"}},
		{"a share", 1, 0.25, []string{"0", "0.5", "1"}},
		{"thousands", 5396, 1, []string{"0", "2k", "4k", "6k"}},
		{"millions", 2.2e6, 1, []string{"0", "1M", "2M", "3M"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, ticks := yAxis(1, tc.highest, tc.least)
			var got []string
			for _, tick := range ticks {
				got = append(got, tick.Label)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("ticks (-want +got):\n%s", diff)
			}
			if s.yMax < tc.highest || math.Abs(ticks[len(ticks)-1].At-plotTop) > 1e-9 {
				t.Errorf("the axis ends at %v, below %v or off the plot's top", s.yMax, tc.highest)
			}
		})
	}
}
