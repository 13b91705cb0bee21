package desired

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Text explains the decision to a person: the number, the reasons, and a table of the vertices. It ends with a newline.
func (d Decision) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "TaskManagers: %d desired, %d now (slots of each: %d)\n", d.TaskManagers, d.Current.TaskManagers, d.Current.Slots)
	fmt.Fprintf(&b, "parallelism:  %d with them, %d now\n", d.Parallelism, d.Current.Parallelism)
	if d.Usable > 0 {
		fmt.Fprintf(&b, "usable:       %d TaskManagers at most\n", d.Usable)
	}
	if d.Bottleneck != "" {
		fmt.Fprintf(&b, "bottleneck:   %s\n", d.Bottleneck)
	}
	from := "assumed"
	if d.Restart.Measured {
		from = "measured"
	}
	fmt.Fprintf(&b, "catch-up:     within %s; a restart takes %s (%s)\n", seconds(d.CatchUp), seconds(d.Restart.Seconds), from)
	b.WriteString("\nreasons:\n")
	for _, reason := range d.Reasons {
		fmt.Fprintf(&b, "- %s: %s\n", reason.Code, reason.Text)
	}

	rows := [][]string{{"vertex", "parallelism", "needed", "max", "limit", "busy", "back-pressured",
		"in/s", "target/s", "capacity needed/s", "rate of one/s", "utilization"}}
	for _, v := range d.Vertices {
		rows = append(rows, []string{v.Name, strconv.Itoa(v.Parallelism), count(v.Needed), count(v.MaxParallelism), orNone(v.Limit),
			percent(v.Busy), percent(v.Backpressured), rate(v.RecordsIn), rate(v.Target), rate(v.Capacity), known(v.Rate), percent(v.Utilization)})
	}
	table(&b, rows)
	if len(d.Sources) > 0 {
		rows = [][]string{{"source", "arrival/s", "backlog", "partitions", "unknown because"}}
		for _, s := range d.Sources {
			rows = append(rows, []string{s.Name, number(s.Arrival), number(s.Backlog), count(s.Partitions), orNone(s.Unknown)})
		}
		table(&b, rows)
	}
	return b.String()
}

// table writes rows below each other, after an empty line.
func table(b *strings.Builder, rows [][]string) {
	b.WriteByte('\n')
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond)
}

// none stands for what is absent.
const none = "-"

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}

func count(n int) string {
	if n == 0 {
		return none
	}
	return strconv.Itoa(n)
}

func percent(x *float64) string {
	if x == nil {
		return none
	}
	return fmt.Sprintf("%.0f%%", *x*100)
}

func number(x *float64) string {
	if x == nil {
		return none
	}
	return rate(*x)
}

func known(x float64) string {
	if x == 0 {
		return none
	}
	return rate(x)
}

// rate has a digit after the point where it tells something.
func rate(x float64) string {
	if x != 0 && x < 100 {
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}
