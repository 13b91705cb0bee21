package rest

import (
	"encoding/json"
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flink-hpa/flink-hpa/adapter/sizing"
)

// recordedSizes are those of 500m with the options of the recorded TaskManagers.
func recordedSizes() sizing.Sizes {
	return sizing.Sizes{
		FrameworkHeap: 64 << 20, TaskHeap: 148 << 20, FrameworkOffHeap: 64 << 20, Network: 32 << 20, Metaspace: 128 << 20, Overhead: 64 << 20,
	}
}

func TestTaskManagerList(t *testing.T) {
	for _, folder := range []string{flink1_13, flink1_17, flink1_20, running} {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/taskmanagers"] = recorded(t, folder, "taskmanagers")
			got, err := New(Options{}).TaskManagerList(t.Context(), j.target())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]TaskManager{{ID: "tm1", Sizes: recordedSizes()}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, test := range []struct {
		name, answer string
		sizes        sizing.Sizes
		err          error
	}{
		{"sizes that add up", `{"taskmanagers":[{"id":"a","memoryConfiguration":{"taskHeap":3,"networkMemory":4,"totalProcessMemory":7}}]}`, sizing.Sizes{TaskHeap: 3, Network: 4}, nil},
		{"sizes that don't", `{"taskmanagers":[{"id":"a","memoryConfiguration":{"taskHeap":3,"totalProcessMemory":7}}]}`, sizing.Sizes{}, nil},
		{"none at all", `{"taskmanagers":[{"id":"a"}]}`, sizing.Sizes{}, nil},
		{"sizes that are null, as Flink has them without a size of the process", `{"taskmanagers":[{"id":"a","memoryConfiguration":{"taskHeap":3,"jvmOverhead":null,"totalProcessMemory":null}}]}`, sizing.Sizes{}, nil},
		{"a negative one", `{"taskmanagers":[{"id":"a","memoryConfiguration":{"taskHeap":-3,"networkMemory":10,"totalProcessMemory":7}}]}`, sizing.Sizes{}, nil},
		{"one that can't be", `{"taskmanagers":[{"id":"a","memoryConfiguration":{"taskHeap":9223372036854775807,"totalProcessMemory":9223372036854775807}}]}`, sizing.Sizes{}, nil},
		{"no TaskManager", `{"taskmanagers":[]}`, sizing.Sizes{}, errNoMetrics},
		{"an id that can't stand in a path", `{"taskmanagers":[{"id":"a/b"}]}`, sizing.Sizes{}, errAnswer},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/taskmanagers"] = test.answer
			got, err := New(Options{}).TaskManagerList(t.Context(), j.target())
			if !errors.Is(err, test.err) || err == nil && (len(got) != 1 || got[0].Sizes != test.sizes) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestCollectors(t *testing.T) {
	for folder, want := range map[string]sizing.Collectors{
		flink1_13: {"Copy", "MarkSweepCompact"},
		flink1_17: {"Copy", "MarkSweepCompact"},
		flink1_20: {"All", "G1_Young_Generation", "G1_Old_Generation"},
		running:   {"All", "Copy", "MarkSweepCompact"},
	} {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/taskmanagers/tm1"] = recorded(t, folder, "taskmanager")
			got, err := New(Options{}).Collectors(t.Context(), j.target(), "tm1")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("one that has just registered", func(t *testing.T) {
		j := newJobManager(t)
		j.answers["/taskmanagers/tm1"] = recorded(t, running, "taskmanager_young")
		if got, err := New(Options{}).Collectors(t.Context(), j.target(), "tm1"); !errors.Is(err, errNoMetrics) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestMemoryAsRecorded(t *testing.T) {
	serial, g1 := sizing.Collectors{"All", "Copy", "MarkSweepCompact"}, sizing.Collectors{"All", "G1_Young_Generation", "G1_Old_Generation"}
	for folder, test := range map[string]struct {
		collectors sizing.Collectors
		want       sizing.Sample
	}{
		flink1_13: {serial, sizing.Sample{Used: 62489120, Max: 214892544, Young: 1, Old: 1, TellsOld: true}},
		flink1_17: {serial, sizing.Sample{Used: 33219256, Max: 214892544, Young: 2, Old: 2, TellsOld: true}},
		flink1_20: {g1, sizing.Sample{Used: 29302272, Max: 222298112, Young: 7}},
		running:   {serial, sizing.Sample{Used: 46473496, Max: 214892544, Young: 1, Old: 2, TellsOld: true}},
	} {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/taskmanagers/tm1/metrics"] = recorded(t, folder, "memory")
			if got, err := New(Options{}).Memory(t.Context(), j.target(), "tm1", test.collectors); err != nil || got != test.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestMemory(t *testing.T) {
	whole := metrics{heapUsed: "30", heapMax: "100", managedUsed: "5", networkUsed: "7"}
	count := func(name, value string) metrics { return metrics{collectorOf + name + countOf: value} }
	with := func(more ...metrics) metrics {
		all := maps.Clone(whole)
		for _, m := range more {
			maps.Copy(all, m)
		}
		return all
	}
	without := func(name string) metrics { all := maps.Clone(whole); delete(all, name); return all }
	newG1 := sizing.Collectors{"G1_Young_Generation", "G1_Old_Generation", "G1_Concurrent_GC"}
	counted := with(count("G1_Young_Generation", "9"), count("G1_Old_Generation", "1"), count("G1_Concurrent_GC", "3"))
	tests := []struct {
		name       string
		collectors sizing.Collectors
		told       metrics
		want       sizing.Sample
		err        error
		message    string
	}{
		{"old collections of all kinds are added up", newG1, counted, sizing.Sample{Used: 30, Max: 100, Managed: 5, Network: 7, Young: 9, Old: 4, TellsOld: true}, nil, ""},
		{"collectors that nobody knows are not asked for", sizing.Collectors{"Azure"}, whole, sizing.Sample{Used: 30, Max: 100, Managed: 5, Network: 7}, nil, ""},
		{"a count that is missing", newG1, with(count("G1_Young_Generation", "9")), sizing.Sample{}, errNoMetrics,
			"GET /taskmanagers/tm1/metrics: the JobManager does not have its TaskManagers' metrics yet: a TaskManager has no Status.JVM.GarbageCollector.G1_Old_Generation.Count yet"},
		{"no heap in use", nil, without(heapUsed), sizing.Sample{}, errNoMetrics, ""},
		{"no managed memory", nil, without(managedUsed), sizing.Sample{}, errNoMetrics, ""},
		{"no network memory", nil, without(networkUsed), sizing.Sample{}, errNoMetrics, ""},
		{"a heap without a limit", nil, with(metrics{heapMax: "-1"}), sizing.Sample{}, errNoMetrics, ""},
		{"0 is none either: so it is before a metric arrives", nil, with(metrics{heapUsed: "0"}), sizing.Sample{}, errNoMetrics, ""},
		{"NaN", nil, with(metrics{heapUsed: "NaN"}), sizing.Sample{}, errNoMetrics, ""},
		{"more than there can be", nil, with(metrics{heapUsed: "1e300"}), sizing.Sample{}, errAnswer, "GET /taskmanagers/tm1/metrics: the answer is not what Flink's REST API sends: Status.JVM.Memory.Heap.Used can't be so large"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := newJobManager(t)
			j.taskManagers = map[string]metrics{"tm1": test.told}
			got, err := New(Options{}).Memory(t.Context(), j.target(), "tm1", test.collectors)
			if !errors.Is(err, test.err) || err == nil && got != test.want || test.message != "" && err.Error() != test.message {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func FuzzMemory(f *testing.F) {
	f.Add(recorded(f, flink1_13, "memory"))
	f.Add(recorded(f, flink1_20, "memory"))
	f.Add(`[{"id":"` + heapUsed + `","value":"1e300"},{"id":"` + heapMax + `","value":-1}]`)
	f.Fuzz(func(t *testing.T, data string) {
		var answer metricsAnswer
		if json.Unmarshal([]byte(data), &answer) != nil {
			return
		}
		for _, collectors := range []sizing.Collectors{nil, {"Copy", "MarkSweepCompact"}, {"G1_Young_Generation", "G1_Old_Generation"}} {
			got, err := answer.memory(collectors)
			if err == nil && (got.Used <= 0 || got.Max < 0 || got.Managed < 0 || got.Network < 0 || got.Young < 0 || got.Old < 0) {
				t.Errorf("got %+v", got)
			}
		}
	})
}

func FuzzTaskManagerList(f *testing.F) {
	f.Add(recorded(f, flink1_13, "taskmanagers"))
	f.Add(`{"taskmanagers":[{"id":"a","memoryConfiguration":{"taskHeap":9223372036854775807,"managedMemory":9223372036854775807,"totalProcessMemory":-2}}]}`)
	f.Fuzz(func(t *testing.T, data string) {
		var answer taskManagersAnswer
		if json.Unmarshal([]byte(data), &answer) != nil {
			return
		}
		all, err := answer.taskManagers()
		if err == nil && len(all) == 0 {
			t.Error("no TaskManager and no error")
		}
		for _, one := range all {
			s := one.Sizes
			if s != (sizing.Sizes{}) && (s.Process() <= 0 || min(s.FrameworkHeap, s.TaskHeap, s.FrameworkOffHeap, s.TaskOffHeap, s.Managed, s.Network, s.Metaspace, s.Overhead) < 0) {
				t.Errorf("got %+v", s)
			}
		}
	})
}
