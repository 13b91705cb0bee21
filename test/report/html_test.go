package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func render(t *testing.T, run Run) string {
	t.Helper()
	var out bytes.Buffer
	if err := WriteHTML(&out, run); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestHTML(t *testing.T) {
	summary := Summarize(fewPoints())
	summary.RecordsIn, summary.RecordsProcessed = new(int64(624000)), new(int64(624000))
	for _, tc := range []struct {
		name string
		run  Run
		svgs int
	}{
		{"a run with gaps", Run{Load: "sine:min=1,max=2,period=1s", BusyTarget: 0.7, RescaledAt: []float64{3}, Points: fewPoints(), Summary: summary}, 5},
		{"a run of one point", Run{Points: fewPoints()[:1]}, 5},
		{"a run with nothing known", Run{Points: []Point{{T: 0}, {T: 2}}}, 5},
		{"an empty run", Run{}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			page := render(t, tc.run)
			for _, word := range []string{"http://", "https://", "NaN", "Inf", "ZgotmplZ", "@import", "url(", "src=", "href=", "<nil>", "alert(1)</script>"} {
				if strings.Contains(page, word) {
					t.Errorf("the page contains %q", word)
				}
			}
			if n := strings.Count(page, "<svg"); n != tc.svgs {
				t.Errorf("%d svg elements, want %d", n, tc.svgs)
			}
		})
	}
}

func TestHTMLSaysWhatTheHPAWentBy(t *testing.T) {
	if page := render(t, Run{Policy: "busy"}); !strings.Contains(page, "<h1>flink-hpa: a run of the demo, scaled by busy</h1>") {
		t.Error("the title doesn't name the policy")
	}
	if page := render(t, Run{}); !strings.Contains(page, "<h1>flink-hpa: a run of the demo</h1>") {
		t.Error("the title of a run without a policy is another")
	}
}

func TestHTMLKeepsAGapAGap(t *testing.T) {
	page := render(t, Run{Points: fewPoints()})
	for class, want := range map[string]struct{ pieces, joins int }{
		"lag":         {pieces: 2, joins: 0},
		"processed":   {pieces: 2, joins: 0},
		"arrival":     {pieces: 1, joins: 1},
		"flink-lag":   {pieces: 1, joins: 0},
		"desired":     {pieces: 1, joins: 0},
		"busy":        {pieces: 2, joins: 0},
		"taskmanager": {pieces: 2, joins: 0},
	} {
		d := regexp.MustCompile(`<path class="` + class + `" d="([^"]*)"`).FindStringSubmatch(page)
		if d == nil || strings.Count(d[1], "M") != want.pieces || strings.Count(d[1], "L") != want.joins {
			t.Errorf("line %s is drawn as %q, want %+v", class, d, want)
		}
	}
}

func TestHeadline(t *testing.T) {
	for _, tc := range []struct {
		name    string
		summary Summary
		want    string
	}{
		{
			"every record processed",
			Summary{ScaleUps: 3, ScaleDowns: 1, TaskManagersMin: 1, TaskManagersMax: 6, RecordsIn: new(int64(5)), RecordsProcessed: new(int64(5))},
			"The HPA scaled the job up 3 times and down once, between 1 and 6 TaskManagers; every record was processed.",
		},
		{
			"some records missing",
			Summary{ScaleUps: 2, TaskManagersMin: 1, TaskManagersMax: 1, RecordsIn: new(int64(5000)), RecordsProcessed: new(int64(4999))},
			"The HPA scaled the job up twice and down 0 times, between 1 and 1 TaskManager; of 5,000 records, 4,999 were processed.",
		},
		{
			"the job could not be asked",
			Summary{RecordsIn: new(int64(5))},
			"The HPA scaled the job up 0 times and down 0 times, between 0 and 0 TaskManagers; whether every record was processed is not known.",
		},
		{
			"the topic could not be asked",
			Summary{RecordsProcessed: new(int64(5)), ScaleUps: 1, ScaleDowns: 1, TaskManagersMin: 2, TaskManagersMax: 3},
			"The HPA scaled the job up once and down once, between 2 and 3 TaskManagers; whether every record was processed is not known.",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := headline(tc.summary); got != tc.want {
				t.Errorf("headline:\n got %s\nwant %s", got, tc.want)
			}
		})
	}
}
