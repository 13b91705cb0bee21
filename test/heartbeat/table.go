package heartbeat

import (
	"fmt"
	"strings"

	"github.com/flink-hpa/flink-hpa/test/report"
)

// table is the outcome, the jobs side by side.
func (r result) table() report.Table {
	t := report.Table{Header: []string{"", "defaults", "injected"}}
	for n, l := range r.Losses {
		d, i := l.Defaults, l.Injected
		what := fmt.Sprintf("a TaskManager %s (%s): ", l.Name, l.Signal)
		t.Rows = append(t.Rows,
			[]string{what + "the job runs again after", seconds(d.RunningAfterS), seconds(i.RunningAfterS)},
			[]string{what + "the lag is back after", seconds(d.LagBackAfterS), seconds(i.LagBackAfterS)},
			[]string{what + "highest lag", records(d.LagMax), records(i.LagMax)},
		)
		if n == 0 {
			t.Rows = append(t.Rows, []string{"it comes back: the job uses it after", seconds(r.Comeback.Defaults), seconds(r.Comeback.Injected)})
		}
	}
	return t
}

func seconds(s *float64) string {
	if s == nil {
		return "never"
	}
	return fmt.Sprintf("%.1f s", *s)
}

func records(n int64) string { return fmt.Sprint(n) }

// header is the first line of the live table, whose columns are those of row.
func header() string {
	return fmt.Sprintf("%6s%24s%24s\n%6s%12s%12s%12s%12s", "", "defaults", "injected", "time", "parallelism", "lag", "parallelism", "lag")
}

// row is the live table's line for a moment.
func row(m moment) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%3d:%02d", int(m.T)/60, int(m.T)%60)
	for _, s := range m.Jobs {
		parallelism, lag := "restarts", "-"
		if s.Parallelism > 0 {
			parallelism = fmt.Sprint(s.Parallelism)
		}
		if s.Lag != nil {
			lag = records(*s.Lag)
		}
		fmt.Fprintf(&out, "%12s%12s", parallelism, lag)
	}
	return out.String()
}
