package flinkconf

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// The expected values are what the parser of Flink 2.3.0's own StandaloneApplicationClusterEntryPoint said to these words.
func TestParseArgsReadsWhatFlinkReads(t *testing.T) {
	for _, c := range []struct {
		name  string
		words string // separated by a blank
		want  Settings
	}{
		{"no words", "", Settings{}},
		{"joined", "-Da=b", Settings{"a": "b"}},
		{"in two words", "-D a=b", Settings{"a": "b"}},
		{"in three words", "-D a b", Settings{"a": "b"}},
		{"with an equals sign after the D", "-D=a=b", Settings{"a": "b"}},
		{"joined without a value is true", "-Da", Settings{"a": "true"}},
		{"joined without a value takes no word", "-Da b -Dc=d", Settings{"a": "true"}},
		{"an empty value", "-Da= -Dc=d", Settings{"a": "", "c": "d"}},
		{"a value with an equals sign", "-D a=b=c", Settings{"a": "b=c"}},
		{"a value that looks like an option", "-D a=-b -Dc=d", Settings{"a": "-b", "c": "d"}},
		{"the last of a key counts", "-D a=b -Da=c", Settings{"a": "c"}},
		{"quotes around a word of its own are dropped", `-D "a=b"`, Settings{"a": "b"}},
		{"quotes in a joined word are kept", `-D"a=b"`, Settings{`"a`: `b"`}},
		{"two dashes are no -D", "--D a=b -Dc=d", Settings{}},
		{"it stops at the first plain word", "-Da=b word -Dc=d", Settings{"a": "b"}},
		{"it stops after a property in two words", "-D a=b word -Dc=d", Settings{"a": "b"}},
		{"it stops after a property in three words", "-D a b word -Dc=d", Settings{"a": "b"}},
		{"it stops at the program's own option", "--brokers kafka:9092 -Da=b", Settings{}},
		{"it stops at a short option it doesn't know", "-y -Da=b", Settings{}},
		{"it stops at two dashes", "-- -Da=b", Settings{}},
		{"it stops at one dash", "- -Da=b", Settings{}},
		{"after the job's class", "--job-classname demo.Job -Da=b", Settings{"a": "b"}},
		{"after the job's class with one dash", "-job-classname demo.Job -Da=b", Settings{"a": "b"}},
		{"after the job's class in one word", "--job-classname=demo.Job -Da=b", Settings{"a": "b"}},
		{"after a shortened name", "--job-class demo.Job -Da=b", Settings{"a": "b"}},
		{"after the short option", "-j demo.Job -Da=b", Settings{"a": "b"}},
		{"after the short option in one word", "-j=demo.Job -Da=b", Settings{"a": "b"}},
		{"after several jars", "--jars a.jar b.jar -Da=b", Settings{"a": "b"}},
		{"after an option without a value", "--allowNonRestoredState -Da=b", Settings{"a": "b"}},
		{"the program's words after an option without a value", "-n word -Da=b", Settings{}},
		{"after a savepoint", "-s s3://bucket/savepoint -Da=b", Settings{"a": "b"}},
		{"after the job's id", "-jid 0 -Da=b", Settings{"a": "b"}},
		{"after the host, an option of 1.x", "--host $(POD_IP) -Da=b", Settings{"a": "b"}},
		{"-D at the end, where Flink fails", "-Da=b -D", Settings{"a": "b"}},
		{"-D before an option, where Flink fails", "-D -Da=b", Settings{"a": "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := ParseArgs(strings.Fields(c.words)); !maps.Equal(got, c.want) {
				t.Errorf("ParseArgs(%q) = %v, want %v", c.words, got, c.want)
			}
		})
	}
}

func FuzzParseArgs(f *testing.F) {
	for _, seed := range []string{
		"-Da=b\n--job-classname\ndemo.Job\n--brokers\nx", "-D\na=b\n-D", "--jars\na\nb\n-Dc", "-D=\n\n-", `-D` + "\n" + `"a=b"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Split(text, "\n")
		before, _ := ParseArgs(words)
		// What is put before all other words is always read.
		got, rest := ParseArgs(append([]string{"-D", "probe=1"}, words...))
		if _, ok := got["probe"]; !ok {
			t.Errorf("%q hides the property before it", words)
		}
		if len(got) < len(before) {
			t.Errorf("%q: a property in front lost others: %v", words, got)
		}
		if !slices.Equal(rest, words[len(words)-len(rest):]) {
			t.Errorf("%q: the rest %q is not its end", words, rest)
		}
	})
}
