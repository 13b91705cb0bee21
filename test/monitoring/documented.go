// Package monitoring is for tests alone: alert rules and dashboard use nothing but metrics that there are. It is a module of its own,
// so that Prometheus stays out of the others.
package monitoring

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// metrics are those that docs/operations.md lists, by name. The programs' own tests see to it that the list is true.
type metrics map[string]metric

type metric struct {
	kind   string
	labels map[string]bool
}

var quoted = regexp.MustCompile("`([a-z_]+)`")

// documented reads the tables: a metric in backquotes, its type, and its labels in backquotes.
func documented(path string) (metrics, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found := metrics{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 5 {
			continue
		}
		name := quoted.FindStringSubmatch(strings.TrimSpace(cells[1]))
		if name == nil || !strings.HasPrefix(name[1], "flink_hpa_") {
			continue
		}
		m := metric{strings.TrimSpace(cells[2]), map[string]bool{}}
		for _, label := range quoted.FindAllStringSubmatch(cells[3], -1) {
			m.labels[label[1]] = true
		}
		found[name[1]] = m
	}
	// What every program has that is instrumented with Prometheus' library.
	found["process_resident_memory_bytes"] = metric{"gauge", nil}
	found["process_cpu_seconds_total"] = metric{"counter", nil}
	return found, nil
}

// of finds a series' metric, and the labels that it has beside those of the target.
func (m metrics) of(series string) (metric, error) {
	if found, ok := m[series]; ok && found.kind != "histogram" {
		return found, nil
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		base, cut := strings.CutSuffix(series, suffix)
		if found, ok := m[base]; cut && ok && found.kind == "histogram" {
			labels := map[string]bool{"le": suffix == "_bucket"}
			for label := range found.labels {
				labels[label] = true
			}
			return metric{found.kind, labels}, nil
		}
	}
	return metric{}, fmt.Errorf("there is no metric %q in docs/operations.md", series)
}
