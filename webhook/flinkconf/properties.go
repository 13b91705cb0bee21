package flinkconf

import "strings"

// ParseProperties reads the text of FLINK_PROPERTIES: lines of `key: value`, the last of a key counts. It takes what any version's
// entrypoint takes, so `key:value` too, which only 1.19 and later understand. Nested YAML is not read, as Flink's image doesn't.
func ParseProperties(text string) Settings {
	settings := Settings{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		key, value, ok := strings.Cut(line, ":")
		if key = strings.TrimSpace(key); ok && key != "" {
			settings[key] = strings.TrimSpace(value)
		}
	}
	return settings
}
