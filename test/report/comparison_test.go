package report

import (
	"bytes"
	"strings"
	"testing"
)

func TestComparisonDrawsBothJobsAndTheirTable(t *testing.T) {
	c := Comparison{
		Title: "two jobs", Headline: "One was faster.", Before: "defaults", After: "injected", Marks: []float64{1}, Mark: "a loss",
		Table: Table{Header: []string{"", "defaults", "injected"}, Rows: [][]string{{"until it ran", "50 s", "8 s"}}},
		Moments: []Moment{
			{T: 0, Before: State{Lag: new(5.0), Parallelism: new(3.0)}, After: State{Lag: new(5.0), Parallelism: new(3.0)}},
			{T: 1, Before: State{Lag: new(9.0)}, After: State{Lag: new(7.0), Parallelism: new(2.0)}},
			{T: 2},
		},
	}
	var out bytes.Buffer
	if err := WriteComparison(&out, c); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{
		"<h1>two jobs</h1>", "One was faster.", `<th scope="col">injected</th>`, `<th scope="row">until it ran</th><td>50 s</td><td>8 s</td>`,
		`<path class="before lag" d="M52.0 `, `<path class="after parallelism" d="M52.0 `, `class="rescale" x1="521"`, "a loss",
		`data-key="before parallelism"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<dl>") || strings.Contains(page, "ZgotmplZ") {
		t.Error("the page has a list of facts, or a value that the template refused")
	}
	if n := strings.Count(page, "<svg"); n != 3 {
		t.Errorf("%d svg elements, want two plots and the mark below them", n)
	}
}

func TestAnEmptyComparisonSaysSo(t *testing.T) {
	var out bytes.Buffer
	if err := WriteComparison(&out, Comparison{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "Nothing was measured in this run.") {
		t.Error("the page doesn't say that nothing was measured")
	}
}
