package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flink-hpa/flink-hpa/test/load"
	"github.com/flink-hpa/flink-hpa/test/report"
)

func TestVerdict(t *testing.T) {
	wave := load.Sine{Min: 100, Max: 1900, Period: 4 * time.Minute}
	up, down := load.Step{From: 100, To: 1500, At: time.Minute}, load.Step{From: 1500, To: 100, At: time.Minute}
	good := report.Summary{ScaleUps: 1, ScaleDowns: 1, RecordsIn: new(int64(10)), RecordsProcessed: new(int64(10))}
	with := func(change func(*report.Summary)) report.Summary {
		s := good
		change(&s)
		return s
	}
	neverUp, neverDown := with(func(s *report.Summary) { s.ScaleUps = 0 }), with(func(s *report.Summary) { s.ScaleDowns = 0 })
	for _, test := range []struct {
		name     string
		summary  report.Summary
		shape    load.Shape
		duration time.Duration
		want     string // in the error; empty for none
	}{
		{"up, down and every record processed is good", good, wave, 8 * time.Minute, ""},
		{"never up is bad", neverUp, wave, 8 * time.Minute, "never scaled up"},
		{"never down is bad", neverDown, wave, 8 * time.Minute, "never scaled down"},
		{"never down is good for half a wave, which only rises", neverDown, wave, 2 * time.Minute, ""},
		{"never down is good for a step up", neverDown, up, 13 * time.Minute, ""},
		{"never up is bad for a step up", neverUp, up, 13 * time.Minute, "never scaled up"},
		{"never down is bad for a step down", neverDown, down, 13 * time.Minute, "never scaled down"},
		{"a step after the load's end asks for nothing", with(func(s *report.Summary) { s.ScaleUps, s.ScaleDowns = 0, 0 }), up, 30 * time.Second, ""},
		{"a lost record is bad", with(func(s *report.Summary) { s.RecordsProcessed = new(int64(9)) }), wave, 8 * time.Minute,
			"9 records were processed, 10 were produced"},
		{"a record too many is bad", with(func(s *report.Summary) { s.RecordsProcessed = new(int64(11)) }), up, 13 * time.Minute,
			"11 records were processed"},
		{"not knowing is bad", with(func(s *report.Summary) { s.RecordsProcessed = nil }), wave, 8 * time.Minute, "unknown records were processed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := verdict(test.summary, test.shape, test.duration)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("verdict is %v, want %q", err, test.want)
			}
		})
	}
}

func TestCalm(t *testing.T) {
	step := load.Step{From: 100, To: 1500, At: time.Minute}
	for _, test := range []struct {
		name       string
		rescaledAt []float64
		shape      load.Shape
		afterStep  *int
		quietS     float64
	}{
		{"two rescales after the step, and ten minutes without one", []float64{75, 180}, step, new(2), 600},
		{"one before the step is none after it", []float64{20, 80}, step, new(1), 700},
		{"those after the load's end don't count", []float64{80, 790}, step, new(1), 700},
		{"none at all is quiet from the start", nil, step, new(0), 780},
		{"a wave has no step", []float64{80, 700}, load.Sine{Min: 1, Max: 2, Period: time.Minute}, nil, 80},
		{"nor has a load that stays as it is", []float64{80}, load.Step{From: 5, To: 5, At: time.Minute}, nil, 700},
		{"nor one that ends before it", []float64{80}, load.Step{From: 1, To: 5, At: time.Hour}, nil, 700},
	} {
		t.Run(test.name, func(t *testing.T) {
			afterStep, quietS := calm(test.rescaledAt, test.shape, 13*time.Minute)
			if diff := cmp.Diff(test.afterStep, afterStep); diff != "" || quietS != test.quietS {
				t.Errorf("quiet for %v, want %v; after the step (-want +got):\n%s", quietS, test.quietS, diff)
			}
		})
	}
}

func TestSummaryTellsOfAStepWhereThereWasOne(t *testing.T) {
	s := report.Summary{RescalesAfterStep: new(2), QuietS: 605.4}
	if got, want := summary(s), "  after the step      2 rescales, and none in the last 10m5s of the load\n"; !strings.Contains(got, want) {
		t.Errorf("the summary lacks %q:\n%s", want, got)
	}
	if got := summary(report.Summary{}); strings.Contains(got, "step") {
		t.Errorf("the summary tells of a step:\n%s", got)
	}
}
