package flink

import (
	"context"
	"slices"
	"strings"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// annotationInjected is where the webhook lists what it injected into a pod: `key=value`, joined by commas.
const annotationInjected = "flink-hpa.dev/injected"

// Override is a setting that was injected into a JobManager and is not in force there.
type Override struct {
	Key      string
	Injected string
	InForce  string // the value in its place; empty when there is none
}

// compare looks once in each epoch of a job whether what was injected into its JobManager is in force, and tells
// Compared. When the JobManager doesn't answer, the next round tries again; the job's own numbers don't depend on it.
func (c *Collector) compare(ctx context.Context, jobManager JobManager, target rest.Target, m *memory) {
	if c.opts.Compared == nil || m.compared.equal(m.epoch) {
		return
	}
	if annotation := c.opts.Injected(jobManager); annotation != "" {
		config, err := c.rest.Config(ctx, target)
		if err != nil {
			return
		}
		c.opts.Compared(jobManager, overrides(annotation, config))
	}
	m.compared = m.epoch
}

// overrides are the injected settings that config, a JobManager's own, doesn't have in force, by key. A newer name of an
// option wins over the one that was injected, as it does in Flink.
func overrides(annotation string, config map[string]string) []Override {
	settings := flinkconf.Settings(config)
	var found []Override
	for key, injected := range parseInjected(annotation) {
		if inForce, _ := settings.Lookup(key); inForce != injected && inForce != hidden {
			found = append(found, Override{key, injected, inForce})
		}
	}
	slices.SortFunc(found, func(a, b Override) int { return strings.Compare(a.Key, b.Key) })
	return found
}

// hidden is what Flink shows in place of a value that it takes for a secret.
const hidden = "******"

// parseInjected reads the annotation. A part without `=` is the rest of a value that has a comma in it.
func parseInjected(annotation string) map[string]string {
	settings, last := map[string]string{}, ""
	for part := range strings.SplitSeq(annotation, ",") {
		key, value, ok := strings.Cut(part, "=")
		switch {
		case ok:
			settings[key], last = value, key
		case last != "":
			settings[last] += "," + part
		}
	}
	return settings
}
