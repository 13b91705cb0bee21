package flinkconf

import (
	"maps"
	"strings"
	"testing"
)

// The expected values are what GlobalConfiguration of Flink 1.13.6, 1.17.2 and 1.20.5 read from these files, all the same.
func TestParseLegacyFileReadsWhatFlinkReads(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Settings
	}{
		{"nothing", "", Settings{}},
		{"a line", "a: 1\n", Settings{"a": "1"}},
		{"no blank after the colon", "b:2", Settings{}},
		{"nesting is not known", "nest:\n  ed: 5", Settings{"ed": "5"}},
		{"a key without a value", "a: \nb:", Settings{}},
		{"quotes are part of the value", `d: "x y" # comment`, Settings{"d": `"x y"`}},
		{"a list is text", "e: [1, 2]", Settings{"e": "[1, 2]"}},
		{"a value with a colon", "f.g: a: b", Settings{"f.g": "a: b"}},
		{"no key", ": x", Settings{}},
		{"a comment", "# h: i", Settings{}},
		{"a hash in a value begins a comment", "k: v#w", Settings{"k": "v"}},
		{"the last of a key counts", "a: 1\na: 3", Settings{"a": "3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ParseLegacyFile(c.text); !maps.Equal(got, c.want) {
				t.Errorf("ParseLegacyFile(%q) = %v, want %v", c.text, got, c.want)
			}
		})
	}
}

// The expected values, and what is refused, are what GlobalConfiguration of Flink 1.20.5 and 2.3.0 said to these files.
func TestParseStandardFileReadsWhatFlinkReads(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Settings // nil: Flink doesn't start
	}{
		{"nothing", "", Settings{}},
		{"comments alone", "# a: b\n", Settings{}},
		{"nested", "a:\n  b: 1\n  c:\n    d: x", Settings{"a.b": "1", "a.c.d": "x"}},
		{"flat", "a.b: 1", Settings{"a.b": "1"}},
		{"flat in nested", "k: {a.b: 1}", Settings{"k.a.b": "1"}},
		{"nested after flat wins", "a.b: 1\na:\n  b: 2", Settings{"a.b": "2"}},
		{"flat after nested wins", "a:\n  b: 2\na.b: 1", Settings{"a.b": "1"}},
		{"a key that has a value and more under its name", "r: x\nr.s: 3", Settings{"r": "x", "r.s": "3"}},
		{"quotes", "a: '8000'\nb: \"8 s\"\n\"q.k\": z", Settings{"a": "8000", "b": "8 s", "q.k": "z"}},
		{"Windows line ends", "a: \"8 s\"\r\nb: 5\r\n", Settings{"a": "8 s", "b": "5"}},
		{"a list", "l: [a, b]", Settings{"l": "[a, b]"}},
		{"an empty text", `s: ""`, Settings{"s": ""}},
		{"an empty map", "m: {}", Settings{}},
		{"a date stays text", "d: 2020-01-01", Settings{"d": "2020-01-01"}},
		{"a word that other YAML takes for a boolean", "y: on", Settings{"y": "on"}},
		{"a merge key is a key", "x: {p: 1}\nz:\n  <<: {p: 1}", Settings{"x.p": "1", "z.<<.p": "1"}},
		{"an alias of a value", "x: &v 5\ny: *v", Settings{"x": "5", "y": "5"}},
		{"a value with colons", "dir: s3://x/y", Settings{"dir": "s3://x/y"}},
		{"no value", "e:", nil},
		{"a value of null", "e: ~", nil},
		{"a key twice", "a: 1\na: 2", nil},
		{"a number for a key", "5: six", nil},
		{"true for a key", "true: x", nil},
		{"a list for a key", "? [a]\n: b", nil},
		{"text alone", "just text", nil},
		{"a list alone", "- a\n- b", nil},
		{"two documents", "a: 1\n---\nb: 2", nil},
		{"a tab", "a:\n\tb: 1", nil},
		{"a list in the line of its key", "e: - x", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseStandardFile(c.text)
			if (err != nil) != (c.want == nil) || !maps.Equal(got, c.want) {
				t.Errorf("ParseStandardFile(%q) = %v, %v, want %v", c.text, got, err, c.want)
			}
		})
	}
}

func TestParseStandardFileRefusesWhatGrowsWithoutEnd(t *testing.T) {
	text := "a: &a {x: 1}\nb: &b {x: *a, y: *a}\nc: {x: *b, y: *b}\n"
	if _, err := ParseStandardFile(text); err == nil || !strings.Contains(err.Error(), "alias") {
		t.Errorf("error %v, want one that names the alias", err)
	}
}

func FuzzParseFiles(f *testing.F) {
	for _, seed := range []string{
		"a:\n  b: 1\nc.d: [x, {y: z}]\n", "x: &x {p: 1}\ny: *x\n", "? a\n: b\n", "a: !!binary x\n", "a: &a [*a]\n", "---\n...\n", "a: >\n x\n\n y\n", "\xff: 1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		settings, err := ParseStandardFile(text)
		if err == nil && settings == nil || err != nil && settings != nil {
			t.Errorf("%q gives %v and %v", text, settings, err)
		}
		legacy := ParseLegacyFile(text)
		for key, value := range legacy {
			if key == "" || value == "" || strings.ContainsAny(key+value, "\n#") {
				t.Errorf("%q gives %q: %q", text, key, value)
			}
		}
		if got := ParseLegacyFile(text + "\nprobe: 1"); got["probe"] != "1" {
			t.Errorf("%q hides the line after it", text)
		}
	})
}
