package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed page.html
var page string

// fact is one number of the summary.
type fact struct{ Name, Value, Note string }

// content is what fills the page.
type content struct {
	Title, Headline, Load string
	Facts                 []fact
	Table                 *Table
	Plots                 []plot
	Hover                 hover
	Mark                  string // what the dotted lines in the plots stand for
	Empty                 bool   // nothing was measured
}

// Frame is the drawing area of each plot.
func (content) Frame() map[string]float64 {
	return map[string]float64{
		"Width": plotWidth, "Height": plotHeight, "Left": plotLeft, "Right": plotRight, "Top": plotTop, "Bottom": plotBottom,
		"Labels": plotBottom + 16,
	}
}

// render writes one page that needs nothing else, drawn without a script. The script in it only adds the values under the
// pointer.
func (c content) render(w io.Writer) error {
	t, err := template.New("report").Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, c)
}

// WriteHTML writes the content of report.html for a run of the demo.
func WriteHTML(w io.Writer, run Run) error {
	all, h := plots(run)
	title := "flink-hpa: a run of the demo"
	if run.Policy != "" {
		title += ", scaled by " + run.Policy
	}
	return content{
		Title: title, Headline: headline(run.Summary), Load: run.Load,
		Facts: facts(run.Summary), Plots: all, Hover: h, Mark: "the job was rescaled", Empty: len(run.Points) == 0,
	}.render(w)
}

// headline says in one sentence how the run ended.
func headline(s Summary) string {
	scaled := fmt.Sprintf("The HPA scaled the job up %s and down %s, between %d and %s",
		times(s.ScaleUps), times(s.ScaleDowns), s.TaskManagersMin, many(s.TaskManagersMax, "TaskManager"))
	switch {
	case s.RecordsIn == nil || s.RecordsProcessed == nil:
		return scaled + "; whether every record was processed is not known."
	case *s.RecordsIn == *s.RecordsProcessed:
		return scaled + "; every record was processed."
	default:
		return scaled + fmt.Sprintf("; of %s records, %s were processed.", count(s.RecordsIn), count(s.RecordsProcessed))
	}
}

func facts(s Summary) []fact {
	return []fact{
		{"Duration", clock(s.DurationS), "min:s"},
		{"Highest lag", count(s.LagMax), "records"},
		{"Lag at the end", count(s.LagEnd), "records"},
		{"TaskManagers", fmt.Sprintf("%d to %d", s.TaskManagersMin, s.TaskManagersMax), ""},
		{"Scaled", fmt.Sprintf("%d up, %d down", s.ScaleUps, s.ScaleDowns), ""},
		{"Rescales", fmt.Sprint(s.Rescales), "of the job"},
		{"Records in", count(s.RecordsIn), ""},
		{"Records processed", count(s.RecordsProcessed), ""},
		{"TaskManager time", text(&s.TaskManagerSeconds, 0), "s"},
		{"Pods changed", fmt.Sprint(s.PodsMutated), "by the webhook"},
	}
}

// count is a whole number for people, "-" where it is not known.
func count(n *int64) string {
	if n == nil {
		return "-"
	}
	return text(new(float64(*n)), 0)
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	default:
		return fmt.Sprintf("%d times", n)
	}
}

func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
