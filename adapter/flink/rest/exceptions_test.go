package rest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// Each job had run out of memory in reactive mode; stack traces are cut off after three lines. Flink 1.13 does not remember why such a job restarted.
func TestOutOfMemoryAsRecorded(t *testing.T) {
	for folder, want := range map[string]OutOfMemory{
		flink1_13:  {},
		flink1_17:  {Time: 1795780594065, Reason: "Java heap space"},
		flink1_20:  {Time: 1795780535841, Reason: "Java heap space"},
		restarting: {Time: 1795780470022, Reason: "Java heap space"},
	} {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/jobs/"+jobID+"/exceptions"] = recorded(t, folder, "exceptions")
			if got, err := New(Options{}).OutOfMemory(t.Context(), j.target(), jobID); err != nil || got != want {
				t.Errorf("got %+v, %v", got, err)
			}
			if asked := j.asked[0]; asked != "/jobs/"+jobID+"/exceptions?maxExceptions=5" {
				t.Errorf("asked %s", asked)
			}
		})
	}
}

func TestOutOfMemory(t *testing.T) {
	entry := func(name, stack string, time int64) string {
		text, _ := json.Marshal(stack)
		return fmt.Sprintf(`{"exceptionName":%q,"stacktrace":%s,"timestamp":%d}`, name, text, time)
	}
	const full = "java.lang.OutOfMemoryError"
	tests := []struct {
		name    string
		entries []string
		want    OutOfMemory
	}{
		{"another failure", []string{entry("java.io.IOException", "java.io.IOException: disk full", 5)}, OutOfMemory{}},
		{"a cause", []string{entry("org.apache.flink.util.FlinkException", "org.apache.flink.util.FlinkException: failed\n\tat A.b\nCaused by: java.lang.OutOfMemoryError: Java heap space\n\tat C.d", 5)},
			OutOfMemory{5, "Java heap space"}},
		{"the newest one", []string{entry(full, full+": Java heap space", 5), entry(full, full+": GC overhead limit exceeded", 9), entry(full, full+": Java heap space", 7)},
			OutOfMemory{9, "GC overhead limit exceeded"}},
		{"what the JVM says without Flink's advice", []string{entry(full, full+": Metaspace. The metaspace out-of-memory error has occurred. This can mean two things: ...", 5)}, OutOfMemory{5, "Metaspace"}},
		{"direct memory", []string{entry(full, full+": Cannot reserve 4194304 bytes of direct buffer memory (allocated: 34217985, limit: 34217984)\n\tat A.b", 5)},
			OutOfMemory{5, "Cannot reserve 4194304 bytes of direct buffer memory (allocated: 34217985, limit"}},
		{"one without a reason", []string{entry(full, full+"\n\tat A.b", 5)}, OutOfMemory{5, ""}},
		{"one that only its name tells", []string{entry(full, "", 5)}, OutOfMemory{5, ""}},
		{"a letter that would be cut through", []string{entry(full, full+": "+strings.Repeat("x", 79)+"é", 5)}, OutOfMemory{5, strings.Repeat("x", 79)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/jobs/"+jobID+"/exceptions"] = `{"exceptionHistory":{"entries":[` + strings.Join(test.entries, ",") + `]}}`
			if got, err := New(Options{}).OutOfMemory(t.Context(), j.target(), jobID); err != nil || got != test.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func FuzzOutOfMemory(f *testing.F) {
	f.Add(recorded(f, flink1_17, "exceptions"))
	f.Add(`{"exceptionHistory":{"entries":[{"exceptionName":"java.lang.OutOfMemoryError","timestamp":-5,"stacktrace":"java.lang.OutOfMemoryError: \ud800"}]}}`)
	f.Fuzz(func(t *testing.T, data string) {
		var answer exceptionsAnswer
		if json.Unmarshal([]byte(data), &answer) != nil {
			return
		}
		got, err := answer.outOfMemory()
		if err != nil || got.Time < 0 || got.Time == 0 && got.Reason != "" || len(got.Reason) > longestReason || !utf8.ValidString(got.Reason) || strings.Contains(got.Reason, "\n") {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
