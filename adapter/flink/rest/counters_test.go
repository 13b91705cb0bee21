package rest

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCounters(t *testing.T) {
	type read struct {
		times    Times
		in, out  float64
		complete bool
	}
	const (
		flags    = `"read-bytes-complete":true,"write-bytes-complete":true,"read-records-complete":true,"write-records-complete":true`
		complete = `"read-records":3,"write-records":4,` + flags
		times    = `"accumulated-idle-time":2,"accumulated-backpressured-time":3,"accumulated-busy-time":`
	)
	missing, unusable := Times{Missing: true}, Times{Unusable: true}
	tests := []struct {
		name, answer string
		want         read
	}{
		{"times and records count", `{` + complete + `,` + times + `"1.5"}`, read{Times{Busy: 1.5, Idle: 2, Backpressured: 3}, 3, 4, true}},
		{"times that Flink does not add up are missing", `{` + complete + `}`, read{missing, 3, 4, true}},
		{"a time that is null is missing", `{` + complete + `,` + times + `null}`, read{missing, 3, 4, true}},
		{"NaN makes all of the times unusable", `{` + complete + `,` + times + `"NaN"}`, read{unusable, 3, 4, true}},
		{"so does Infinity", `{` + complete + `,` + times + `"Infinity"}`, read{unusable, 3, 4, true}},
		{"and a number too large for any", `{` + complete + `,` + times + `1e999}`, read{unusable, 3, 4, true}},
		{"without a count of records they are incomplete", `{"read-records":3,` + flags + `}`, read{missing, 0, 0, false}},
		{"and with one that is NaN", `{"read-records":"NaN","write-records":4,` + flags + `}`, read{missing, 0, 0, false}},
		{"and with nothing at all", `{}`, read{missing, 0, 0, false}},
	}
	for _, incomplete := range []string{"read-bytes", "write-bytes", "read-records", "write-records"} {
		answer := `{` + strings.Replace(complete, `"`+incomplete+`-complete":true`, `"`+incomplete+`-complete":false`, 1) + `}`
		tests = append(tests, struct {
			name, answer string
			want         read
		}{"incomplete " + incomplete + " make all incomplete", answer, read{missing, 0, 0, false}})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var answer counters
			if err := json.Unmarshal([]byte(test.answer), &answer); err != nil {
				t.Fatal(err)
			}
			got := read{times: answer.times()}
			if got.in, got.out, got.complete = answer.records(); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
	if err := json.Unmarshal([]byte(`{"read-records":"many"}`), new(counters)); err == nil || err.Error() != `"many" is not a number` {
		t.Errorf("got %v, want what is wrong", err)
	}
}

func TestGauges(t *testing.T) {
	gauges := func(busy string) metrics {
		return metrics{busyGauge: busy, idleGauge: "250", backpressuredGauge: "50.5"}
	}
	tests := []struct {
		name        string
		subtasks    []metrics
		parallelism int
		want        Gauges
	}{
		{"they are sums over the subtasks", []metrics{gauges("700"), gauges("600")}, 2, Gauges{Busy: 1300, Idle: 500, Backpressured: 101}},
		{"subtasks of before a rescale don't count", []metrics{gauges("700"), gauges("600"), gauges("1000")}, 2, Gauges{Busy: 1300, Idle: 500, Backpressured: 101}},
		{"one source of the old kind makes them unusable", []metrics{gauges("700"), gauges("NaN")}, 2, Gauges{Unusable: true}},
		{"a JobManager that has not fetched them has none", []metrics{{}, {}}, 2, Gauges{Missing: true}},
		{"nor one that has but some", []metrics{{busyGauge: "1"}}, 1, Gauges{Missing: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := newJobManager(t)
			j.subtasks = test.subtasks
			got, err := New(Options{}).Gauges(t.Context(), j.target(), jobID, vertexID, test.parallelism)
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
	t.Run("recorded ones", func(t *testing.T) {
		for folder, want := range map[string]Gauges{flink1_13: {Busy: 2000}, flink1_17: {Busy: 2000}, overloaded: {Busy: 6, Backpressured: 1994}} {
			j := newJobManager(t)
			j.answers[metricsPath(jobID, vertexID)] = recorded(t, folder, "gauges")
			got, err := New(Options{}).Gauges(t.Context(), j.target(), jobID, vertexID, 2)
			if err != nil || got != want {
				t.Errorf("%s: got %+v, %v, want %+v", folder, got, err, want)
			}
		}
	})
}
