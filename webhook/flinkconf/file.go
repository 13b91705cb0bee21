package flinkconf

import "strings"

// Names of the configuration files in Flink's conf folder. 1.18 and older read LegacyFile only, 1.19 and 1.20 prefer it, and 2.0 and
// later read StandardFile only.
const (
	LegacyFile   = "flink-conf.yaml"
	StandardFile = "config.yaml"
)

// ParseLegacyFile reads a flink-conf.yaml: lines of `key: value` with a blank after the colon, the last of a key counts. It looks like
// YAML, but Flink knows neither nesting nor quotes here, and skips a key without a value.
func ParseLegacyFile(text string) Settings {
	settings := Settings{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if key, value = strings.TrimSpace(key), strings.TrimSpace(value); key != "" && value != "" {
			settings[key] = value
		}
	}
	return settings
}
