package plugin

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

// thresholds are those whose conditions hold.
func (t ruleWords) thresholds(text *strings.Builder) {
	if len(t.Status.State.Thresholds) == 0 {
		return
	}
	text.WriteString("\n")
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "threshold\tholds since\tmet")
	for _, held := range t.Status.State.Thresholds {
		met := "yes"
		if !held.Met {
			met = "not yet"
			if at := slices.IndexFunc(t.serving.Thresholds, func(s v1alpha1.Threshold) bool { return s.Name == held.Name }); at >= 0 {
				lasts := ptr.Deref(t.serving.Thresholds[at].For, metav1.Duration{}).Duration
				met += ", from " + clockTime(held.Since.Add(lasts)) + " on"
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", held.Name, t.ago(held.Since), met)
	}
	_ = table.Flush()
}

func (t ruleWords) conditions(text *strings.Builder) {
	if len(t.Status.Conditions) == 0 {
		return
	}
	text.WriteString("\n")
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "condition\tstatus\tsince\twhy")
	for _, c := range t.Status.Conditions {
		why := c.Message
		if why == "" {
			why = c.Reason
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", c.Type, c.Status, t.ago(c.LastTransitionTime), why)
	}
	_ = table.Flush()
}
