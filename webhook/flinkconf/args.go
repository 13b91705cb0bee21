package flinkconf

import "strings"

// ParseArgs reads the dynamic properties among words, the arguments after the command word: `-Dkey=value`, `-D key=value`,
// `-D key value`, and `-Dkey` for true; the last of a key counts. It stops where Flink stops: at the first word that is neither
// an option of Flink's own nor the value of one. That word and what follows are the rest, which belongs to the user's program.
//
// It knows the options of all entrypoints and versions. Some of them are unknown to some versions, which would stop earlier; then a
// key is found here that Flink doesn't read, and is left alone for no use, but without harm.
func ParseArgs(words []string) (settings Settings, rest []string) {
	settings = Settings{}
	for len(words) > 0 {
		word := words[0]
		property, dynamic := strings.CutPrefix(word, "-D")
		if dynamic {
			words = addProperty(settings, property, words[1:])
			continue
		}
		values, known := optionValues(word)
		if !known {
			break
		}
		words = words[1:]
		for ; values > 0 && len(words) > 0 && !isOption(words[0]); values-- {
			words = words[1:]
		}
	}
	return settings, words
}

// addProperty adds what -D and the property attached to it set, and returns the words after it.
func addProperty(settings Settings, property string, words []string) []string {
	property = strings.TrimPrefix(property, "=")
	detached := property == ""
	if detached {
		if len(words) == 0 || isOption(words[0]) {
			return words // Flink ends with "Missing argument"
		}
		property, words = unquote(words[0]), words[1:]
	}
	key, value, hasValue := strings.Cut(property, "=")
	switch {
	case hasValue:
	case detached && len(words) > 0 && !isOption(words[0]):
		value, words = unquote(words[0]), words[1:]
	default:
		value = "true"
	}
	settings[key] = value
	return words
}

// unquote drops a pair of quotes around word, as Flink's command-line library does for a word of its own.
func unquote(word string) string {
	if len(word) > 1 && strings.HasPrefix(word, `"`) && strings.HasSuffix(word, `"`) && strings.Count(word, `"`) == 2 {
		return word[1 : len(word)-1]
	}
	return word
}

// isOption says whether word is an option, and so not the value of the one before it.
func isOption(word string) bool {
	_, known := optionValues(word)
	return known || strings.HasPrefix(word, "-D")
}

// many is the number of values of an option that takes all words up to the next option.
const many = 1 << 30

// optionValues says whether word is one of Flink's own options, -D aside, and how many of the words after it are its values.
// A long name may be shortened as far as it stays unique, and any option may have one dash or two.
func optionValues(word string) (values int, known bool) {
	if !strings.HasPrefix(word, "-") {
		return 0, false
	}
	name, _, attached := strings.Cut(strings.TrimPrefix(word[1:], "-"), "=")
	values, known = valuesOf(name)
	if attached && values == 1 {
		values = 0
	}
	return values, known
}

func valuesOf(name string) (values int, known bool) {
	switch name {
	case "c", "r", "h", "x", "j", "jid", "s", "rm", "cm":
		return 1, true
	case "n":
		return 0, true
	case "":
		return 0, false
	}
	matches := 0
	for _, long := range []struct {
		name   string
		values int
	}{
		{"configDir", 1}, {"webui-port", 1}, {"host", 1}, {"executionMode", 1}, // webui-port, host, executionMode: 1.x
		{"job-classname", 1}, {"job-id", 1}, {"jars", many},
		{"fromSavepoint", 1}, {"allowNonRestoredState", 0}, {"restoreMode", 1}, {"claimMode", 1},
	} {
		if long.name == name {
			return long.values, true
		}
		if strings.HasPrefix(long.name, name) {
			matches++
			values = long.values
		}
	}
	return values, matches == 1
}
