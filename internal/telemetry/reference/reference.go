// Package reference compares the metrics that a program has with those that its documentation lists. It is for tests.
package reference

import (
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Labels are the names of each metric's labels, sorted, by the metric's name.
type Labels map[string][]string

var (
	name  = regexp.MustCompile("^`(flink_hpa_[a-z_]+)`$")
	label = regexp.MustCompile("`([a-z_]+)`")
	// A prometheus.Desc tells what it is by its String alone.
	described     = regexp.MustCompile(`fqName: "([^"]*)".*constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)
	constantLabel = regexp.MustCompile(`([a-z_]+)="`)
	variableLabel = regexp.MustCompile(`[a-z_]+`)
)

// Documented reads the tables under a heading of a Markdown file: a metric in backquotes, its type, its labels in backquotes, and more.
func Documented(path, heading string) (Labels, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, section, _ := strings.Cut(string(text), "\n"+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	found := Labels{}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 5 {
			continue
		}
		if metric := name.FindStringSubmatch(strings.TrimSpace(cells[1])); metric != nil {
			found.add(metric[1], label.FindAllStringSubmatch(cells[3], -1))
		}
	}
	return found, nil
}

// Described are the metrics of ours that the collectors describe.
func Described(collectors ...prometheus.Collector) Labels {
	found := Labels{}
	for _, collector := range collectors {
		descs := make(chan *prometheus.Desc)
		go func() {
			defer close(descs)
			collector.Describe(descs)
		}()
		for desc := range descs {
			parts := described.FindStringSubmatch(desc.String())
			if parts != nil && strings.HasPrefix(parts[1], "flink_hpa_") {
				found.add(parts[1], append(constantLabel.FindAllStringSubmatch(parts[2], -1), pairs(variableLabel.FindAllString(parts[3], -1))...))
			}
		}
	}
	return found
}

func pairs(names []string) [][]string {
	var all [][]string
	for _, name := range names {
		all = append(all, []string{name, name})
	}
	return all
}

func (l Labels) add(metric string, matches [][]string) {
	names := []string{}
	for _, match := range matches {
		names = append(names, match[1])
	}
	slices.Sort(names)
	l[metric] = names
}

// Recorder is a prometheus.Registerer that only remembers what is registered.
type Recorder struct{ Collectors []prometheus.Collector }

// Register implements prometheus.Registerer, as do the others.
func (r *Recorder) Register(c prometheus.Collector) error {
	r.Collectors = append(r.Collectors, c)
	return nil
}

// MustRegister is Register of several.
func (r *Recorder) MustRegister(c ...prometheus.Collector) { r.Collectors = append(r.Collectors, c...) }

// Unregister is never asked for.
func (r *Recorder) Unregister(prometheus.Collector) bool { return false }
