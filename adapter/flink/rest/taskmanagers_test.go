package rest

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func taskManager(used, size, cpu, gc string) metrics {
	return metrics{heapUsed: used, heapMax: size, cpuLoad: cpu, gcTime: gc}
}

func TestTaskManagers(t *testing.T) {
	const names = `{"taskmanagers":[{"id":"10.0.0.1:41-ab"},{"id":"10.0.0.2:41-cd"}]}`
	of := func(first, second metrics) map[string]metrics {
		return map[string]metrics{"10.0.0.1:41-ab": first, "10.0.0.2:41-cd": second}
	}
	old := func(m metrics) metrics { delete(m, gcTime); return m }
	tests := []struct {
		name string
		all  map[string]metrics
		want TaskManagers
		gets int
	}{
		{"the worst in each respect", of(taskManager("30", "100", "0.9", "20"), taskManager("80", "100", "0.25", "150")),
			TaskManagers{Count: 2, Heap: Reading{Value: 0.8}, CPU: Reading{Value: 0.9}, GCTime: Reading{Value: 0.15}}, 1},
		{"heaps of several sizes: the fullest, not the one that holds most", of(taskManager("30", "40", "0", "0"), taskManager("50", "100", "0", "0")),
			TaskManagers{Count: 2, Heap: Reading{Value: 0.75}}, 4},
		{"before 1.19 there is no time in garbage collection", of(old(taskManager("30", "100", "0.5", "")), old(taskManager("20", "100", "0.5", ""))),
			TaskManagers{Count: 2, Heap: Reading{Value: 0.3}, CPU: Reading{Value: 0.5}, GCTime: Reading{Err: errNoGC}}, 2},
		{"one unknown CPU load makes the worst unknown", of(taskManager("30", "100", "-1", "0"), taskManager("20", "100", "0.5", "0")),
			TaskManagers{Count: 2, Heap: Reading{Value: 0.3}, CPU: Reading{Err: errNoCPU}}, 1},
		{"NaN is unknown", of(taskManager("30", "100", "NaN", "0"), taskManager("20", "100", "0.5", "0")),
			TaskManagers{Count: 2, Heap: Reading{Value: 0.3}, CPU: Reading{Err: errNoCPU}}, 1},
		{"heaps without a limit", of(taskManager("30", "-1", "0", "0"), taskManager("20", "-1", "0", "0")), TaskManagers{Count: 2, Heap: Reading{Err: errNoHeap}}, 1},
		{"one heap without a limit", of(taskManager("30", "100", "0", "0"), taskManager("20", "-1", "0", "0")), TaskManagers{Count: 2, Heap: Reading{Err: errNoHeap}}, 4},
		{"collectors that work at the same time take no more than all of it", of(taskManager("30", "100", "0", "1200"), taskManager("20", "100", "0", "0")),
			TaskManagers{Count: 2, Heap: Reading{Value: 0.3}, GCTime: Reading{Value: 1}}, 1},
		{"a TaskManager that has but registered is not counted", of(taskManager("30", "100", "0.9", "20"), metrics{}),
			TaskManagers{Count: 1, Heap: Reading{Value: 0.3}, CPU: Reading{Value: 0.9}, GCTime: Reading{Value: 0.02}}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := newJobManager(t)
			j.taskManagers, j.answers["/taskmanagers"] = test.all, names
			got, err := New(Options{}).TaskManagers(t.Context(), j.target())
			if err != nil {
				t.Fatal(err)
			}
			for _, reading := range []*Reading{&got.Heap, &test.want.Heap, &got.CPU, &test.want.CPU, &got.GCTime, &test.want.GCTime} {
				reading.Err = innermost(reading.Err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.EquateErrors()); diff != "" {
				t.Error(diff)
			}
			if len(j.asked) != test.gets {
				t.Errorf("%d GETs, want %d: %q", len(j.asked), test.gets, j.asked)
			}
		})
	}
	t.Run("no TaskManager's metrics have arrived", func(t *testing.T) {
		j := newJobManager(t)
		if got, err := New(Options{}).TaskManagers(t.Context(), j.target()); !errors.Is(err, errNoMetrics) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func innermost(err error) error {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}

func FuzzTaskManagers(f *testing.F) {
	f.Add(`[{"id":"` + heapUsed + `","min":1,"max":2,"avg":1.5,"sum":3},{"id":"` + heapMax + `","min":4,"max":4,"avg":"4","sum":8.0}]`)
	f.Add(`[{"id":"` + heapMax + `","min":4,"max":4,"avg":1e-300,"sum":1e300}]`)
	f.Add(`[{"id":"` + cpuLoad + `","min":"NaN","max":"Infinity"},{"id":"` + heapMax + `","avg":0,"sum":0}]`)
	f.Fuzz(func(t *testing.T, data string) {
		var answer aggregates
		if json.Unmarshal([]byte(data), &answer) != nil {
			return
		}
		got, err := answer.taskManagers()
		if err != nil {
			return
		}
		for _, reading := range []Reading{got.Heap, got.CPU, got.GCTime} {
			if math.IsNaN(reading.Value) || reading.Value < 0 || reading.Value > 1 || reading.Err != nil && reading.Value != 0 {
				t.Errorf("got %+v", got)
			}
		}
		if got.Count < 1 {
			t.Errorf("%d TaskManagers", got.Count)
		}
	})
}
