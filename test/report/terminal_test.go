package report

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRow(t *testing.T) {
	for _, tc := range []struct {
		name  string
		point Point
		want  string
	}{
		{
			"all is known",
			Point{T: 75.4, ArrivalPerS: new(2399.6), ProcessedPerS: new(1200.0), Lag: new(1234567.0), BusyRatio: new(0.714),
				TaskManagersWanted: 5, TaskManagersRunning: 3, HPA: "scaled to 5"},
			"  1:15      2,400        1,200 1,234,567  0.71      5       3  scaled to 5",
		},
		{
			"nothing is known, and the HPA is silent",
			Point{T: 3600, TaskManagersWanted: 12},
			" 60:00          -            -         -     -     12       0",
		},
		{
			"a long text with line breaks is cut",
			Point{Lag: new(999.0), HPA: "unable to get\nexternal metric " + strings.Repeat("é", 80)},
			"  0:00          -            -       999     -      0       0  unable to get external metric " + strings.Repeat("é", 16) + "…",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Row(tc.point)
			if got != tc.want {
				t.Errorf("Row:\n got %q\nwant %q", got, tc.want)
			}
			if n := utf8.RuneCountInString(got); n > 110 {
				t.Errorf("Row is %d columns wide", n)
			}
		})
	}
}

func TestHeaderStandsAboveItsColumns(t *testing.T) {
	row := Row(Point{HPA: "HPA"})
	if end := strings.Index(Header(), "HPA"); end != strings.Index(row, "HPA") {
		t.Errorf("%s\n%s", Header(), row)
	}
}
