package flink

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
)

const (
	// changesKept is how many changes are remembered of each job.
	changesKept = 50
	// outcomeAfter is how long after a change its outcome is looked at: a pod starts, the job restarts, settles and is watched for a
	// window in less.
	outcomeAfter = 3 * time.Minute
)

// Change is one of the number of TaskManagers that a job is said to need, and what came of it. It is never changed.
type Change struct {
	Time       time.Time        `json:"time"` // end of the window that it was decided on
	From       int              `json:"from"` // the number said before; after a start of the adapter, of those that ran
	To         int              `json:"to"`
	Bottleneck string           `json:"bottleneck,omitempty"` // name of the vertex that needs most
	Reasons    []desired.Reason `json:"reasons"`              // the first is what decided, the others what went into it and what was held
	Before     Condition        `json:"before"`
	After      *Condition       `json:"after,omitempty"`          // three minutes later, or when the next change came; absent: not yet
	Restart    *float64         `json:"restartSeconds,omitempty"` // how long the job was interrupted for it; absent: not at all
}

// Condition is how a job fared at a time.
type Condition struct {
	Time         time.Time `json:"time"`
	TaskManagers int       `json:"taskManagers"` // that ran
	Busy         float64   `json:"busy"`         // share of its time, of the busiest vertex, 0 to 1
	Arrival      *float64  `json:"arrivalPerSecond,omitempty"`
	Backlog      *float64  `json:"backlogRecords,omitempty"` // absent, as arrival: not known of all sources
}

// changes of one job, the oldest first.
type changes struct {
	said     int // the newest number; 0: none yet
	kept     []Change
	rescales int // that had been seen when the newest was decided
}

// conditionOf is how the job fares in this round.
func conditionOf(r round, decision desired.Decision) Condition {
	worst, _ := r.window.ratios()
	condition := Condition{Time: r.window.last.at, TaskManagers: decision.Current.TaskManagers, Busy: worst.busy}
	arrival, backlog := 0.0, 0.0
	for _, source := range decision.Sources {
		if source.Arrival == nil || source.Backlog == nil {
			return condition
		}
		arrival, backlog = arrival+*source.Arrival, backlog+*source.Backlog
	}
	if len(decision.Sources) > 0 {
		condition.Arrival, condition.Backlog = &arrival, &backlog
	}
	return condition
}

// see takes in a decision, and returns the changes of which there is something new to tell: one whose outcome is known now, and one that this
// decision makes. What was given away of them before stays as it was.
func (c *changes) see(decision desired.Decision, now Condition, measured *restarts) (news []Change) {
	from := c.said
	if from == 0 {
		from = now.TaskManagers
	}
	c.said = decision.TaskManagers
	changed := decision.TaskManagers != from
	if n := len(c.kept); n > 0 && c.kept[n-1].After == nil && (changed || now.Time.Sub(c.kept[n-1].Time) >= outcomeAfter) {
		c.kept = slices.Clone(c.kept)
		last := &c.kept[n-1]
		last.After = &now
		if took, ok := measured.since(c.rescales); ok {
			seconds := took.Seconds()
			last.Restart = &seconds
		}
		news = append(news, *last)
	}
	if !changed {
		return news
	}
	c.rescales = measured.count
	next := Change{Time: now.Time, From: from, To: decision.TaskManagers, Bottleneck: decision.Bottleneck, Reasons: decision.Reasons, Before: now}
	c.kept = append(slices.Clone(c.kept[max(len(c.kept)+1-changesKept, 0):]), next)
	return append(news, next)
}

// Text is the change for people, on one line.
func (c Change) Text() string {
	codes := make([]string, len(c.Reasons))
	for i, reason := range c.Reasons {
		codes[i] = string(reason.Code)
	}
	return fmt.Sprintf("from %d to %d TaskManagers: %s; %s", c.From, c.To, strings.Join(codes, ", "), c.Before.text())
}

// Outcome is what came of it, for people; empty: it is too early to say.
func (c Change) Outcome() string {
	if c.After == nil {
		return ""
	}
	text := c.After.text()
	if c.Restart != nil {
		text += fmt.Sprintf("; the job was interrupted for %.1f s", *c.Restart)
	}
	return text
}

func (c Condition) text() string {
	text := fmt.Sprintf("%d running, busy %.0f%%", c.TaskManagers, 100*c.Busy)
	if c.Arrival != nil {
		text += fmt.Sprintf(", %.0f records/s arriving", *c.Arrival)
	}
	if c.Backlog != nil {
		text += fmt.Sprintf(", %.0f records behind", *c.Backlog)
	}
	return text
}

// historyText is a table of changes, the newest first.
func historyText(all []Change) string {
	var b strings.Builder
	b.WriteString("\nchanges, the newest first:\n")
	if len(all) == 0 {
		b.WriteString("none since the adapter has watched the job\n")
		return b.String()
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, change := range slices.Backward(all) {
		outcome := change.Outcome()
		if outcome == "" {
			outcome = "too early to say"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t-> %s\n", change.Time.UTC().Format(time.RFC3339), change.Text(), outcome)
	}
	_ = w.Flush() // into memory
	return b.String()
}
