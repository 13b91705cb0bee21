package flinkconf

// Settings maps names as they were written to values.
type Settings map[string]string

// Lookup returns the value of the option key, whichever name it was set under; the newest name wins, as it does in Flink.
func (s Settings) Lookup(key string) (value string, ok bool) {
	for _, name := range Names(key) {
		if v, set := s[name]; set {
			value, ok = v, true
		}
	}
	return value, ok
}
