package demo

import (
	"strings"
	"testing"

	"github.com/flink-hpa/flink-hpa/test/report"
)

func TestVerdict(t *testing.T) {
	good := report.Summary{ScaleUps: 1, ScaleDowns: 1, RecordsIn: new(int64(10)), RecordsProcessed: new(int64(10))}
	with := func(change func(*report.Summary)) report.Summary {
		s := good
		change(&s)
		return s
	}
	for _, test := range []struct {
		name    string
		summary report.Summary
		want    string // in the error; empty for none
	}{
		{"up, down and every record processed is good", good, ""},
		{"never up is bad", with(func(s *report.Summary) { s.ScaleUps = 0 }), "never scaled up"},
		{"never down is bad", with(func(s *report.Summary) { s.ScaleDowns = 0 }), "never scaled down"},
		{"a lost record is bad", with(func(s *report.Summary) { s.RecordsProcessed = new(int64(9)) }), "9 records were processed, 10 were produced"},
		{"a record too many is bad", with(func(s *report.Summary) { s.RecordsProcessed = new(int64(11)) }), "11 records were processed"},
		{"not knowing is bad", with(func(s *report.Summary) { s.RecordsProcessed = nil }), "unknown records were processed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := verdict(test.summary)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("verdict is %v, want %q", err, test.want)
			}
		})
	}
}
