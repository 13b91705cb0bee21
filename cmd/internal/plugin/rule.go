package plugin

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

// ruleWords is a ScalingRule in words, by its status at now.
type ruleWords struct {
	v1alpha1.ScalingRule
	serving v1alpha1.ScalingRuleSpec // what is in use
	now     time.Time
}

// inWords is what a ScalingRule says, why, since when, and what it waits for.
func inWords(rule v1alpha1.ScalingRule, now time.Time) string {
	t := ruleWords{rule, rule.Spec, now}
	if rule.Status.LastGood != nil {
		t.serving = *rule.Status.LastGood
	}
	var text strings.Builder
	fmt.Fprintf(&text, "ScalingRule %s/%s\n", rule.Namespace, rule.Name)
	rows := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0) // of a Builder, which has no errors
	row := func(name, says string) {
		if says != "" {
			fmt.Fprintf(rows, "%s:\t%s\n", name, says)
		}
	}
	row("value", t.value())
	row("reason", rule.Status.Reason)
	row("schedule", t.schedule())
	row("waits for", t.waits())
	row("period", t.period())
	row("evaluated", t.evaluated())
	row("error", rule.Status.Error)
	_ = rows.Flush()
	t.thresholds(&text)
	t.conditions(&text)
	return text.String()
}

// value is what HPAs are told.
func (t ruleWords) value() string {
	status := t.Status
	switch {
	case status.Evaluated == nil:
		return "none: no replica of the adapter has evaluated the rule yet"
	case t.now.Sub(status.Evaluated.Time) > v1alpha1.StatusMaxAge:
		return fmt.Sprintf("none: the rule was not evaluated for more than %s, so HPAs on it get an error and keep their replicas; the log of the adapter says why", v1alpha1.StatusMaxAge)
	case status.Value == nil:
		return "none: HPAs on it get an error and keep their replicas"
	case status.State.Held != nil:
		would := "none"
		if status.WouldBe != nil {
			would = fmt.Sprint(*status.WouldBe)
		}
		return fmt.Sprintf("%d, held in mode %s; %s in mode %s", *status.Value, v1alpha1.ModeObserve, would, v1alpha1.ModeScale)
	case status.State.Changed == nil:
		return fmt.Sprint(*status.Value)
	}
	return fmt.Sprintf("%d since %s", *status.Value, t.ago(*status.State.Changed))
}

// schedule is each that the reason names.
func (t ruleWords) schedule() string {
	reasons := t.reasons()
	var in []string
	for _, s := range t.serving.Schedules {
		var number string
		switch {
		case s.Fixed != nil && slices.Contains(reasons, "schedule "+s.Name):
			number = fmt.Sprintf("fixed %d", *s.Fixed)
		case s.Floor != nil && slices.Contains(reasons, "floor of schedule "+s.Name):
			number = fmt.Sprintf("floor %d", *s.Floor)
		default:
			continue
		}
		in = append(in, fmt.Sprintf("%s: %s from %q to %q, %s", s.Name, number, s.Start, s.End, s.TimeZone))
	}
	return strings.Join(in, "; ")
}

// waits is what a change waits for.
func (t ruleWords) waits() string {
	since := t.Status.State.Pending
	if since == nil {
		return ""
	}
	for _, reason := range t.reasons() {
		if strings.HasSuffix(reason, " on at the earliest") {
			return fmt.Sprintf("%s (UTC); another number has been wanted since %s", reason, t.ago(*since))
		}
	}
	return "another number has been wanted since " + t.ago(*since)
}

func (t ruleWords) reasons() []string { return strings.Split(t.Status.Reason, ", ") }

// period is when the expression of a rule with every was evaluated, and when that comes again.
func (t ruleWords) period() string {
	p, every := t.Status.State.Period, t.serving.Every
	if p == nil || every == nil {
		return ""
	}
	return fmt.Sprintf("%d by %s, found %s; next at %s or when a threshold is met", p.TaskManagers, p.By, t.ago(p.Evaluated), clockTime(p.Evaluated.Add(every.Duration)))
}

func (t ruleWords) evaluated() string {
	at, inputs := t.Status.Evaluated, t.Status.InputsTime
	switch {
	case at == nil:
		return ""
	case inputs == nil:
		return t.ago(*at)
	}
	return fmt.Sprintf("%s, by numbers of %s", t.ago(*at), t.ago(*inputs))
}

// ago is a time, and how long ago that is.
func (t ruleWords) ago(at metav1.Time) string {
	return fmt.Sprintf("%s (%s ago)", clockTime(at.Time), duration.HumanDuration(t.now.Sub(at.Time)))
}

func clockTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }
