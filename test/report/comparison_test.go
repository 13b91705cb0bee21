package report

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestComparisonDrawsEachJobAndTheTable(t *testing.T) {
	c := Comparison{
		Title: "three jobs", Headline: "One was faster.", Jobs: []string{"defaults", "injected", "tuned"}, Marks: []float64{1}, Mark: "a loss",
		Table: Table{
			Header: []string{"", "defaults", "injected", "tuned"}, Rows: [][]string{{"until it ran", "50 s", "8 s", "9 s"}},
			Best: map[int][]int{0: {2}},
		},
		Times: []float64{0, 1, 2},
		Panels: []Panel{
			{Key: "lag", Title: "Lag", Lines: [][]*float64{{new(5.0), new(9.0), nil}, {new(5.0), new(7.0), nil}, {nil, nil, nil}}},
			{Key: "parallelism", Title: "Parallelism", Steps: true, Lines: [][]*float64{{new(3.0), nil, nil}, {new(3.0), new(2.0), nil}, {nil, new(1.0), new(4.0)}}},
		},
	}
	var out bytes.Buffer
	if err := WriteComparison(&out, c); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{
		"<h1>three jobs</h1>", "One was faster.", `<th scope="col">injected</th>`,
		`<th scope="row">until it ran</th><td>50 s</td><td class="best">8 s</td><td>9 s</td>`,
		`<path class="first lag" d="M52.0 `, `<path class="second parallelism" d="M52.0 `, `<path class="third parallelism" d="M521.0 `,
		`<path class="third lag" d="">`, `class="rescale" x1="521"`, "a loss", `data-key="first parallelism"`,
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

func TestTooManyJobsToTellApartAreRefused(t *testing.T) {
	err := WriteComparison(io.Discard, Comparison{Jobs: make([]string, MaxJobs()+1)})
	if err == nil || !strings.Contains(err.Error(), "of 4 jobs: at most 3") {
		t.Errorf("WriteComparison() = %v", err)
	}
}
