package sizing

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// sampleOptions are those of manifests/samples/flink-reactive.
func sampleOptions() map[string]string {
	return map[string]string{
		"taskmanager.memory.process.size": "600m", "taskmanager.memory.managed.size": "0m",
		"taskmanager.memory.network.min": "32m", "taskmanager.memory.network.max": "32m", "taskmanager.memory.jvm-metaspace.size": "128m",
		"taskmanager.memory.jvm-overhead.min": "64m", "taskmanager.memory.jvm-overhead.max": "96m",
		"taskmanager.memory.framework.heap.size": "64m", "taskmanager.memory.framework.off-heap.size": "64m",
	}
}

func model(t testing.TB, options map[string]string, version flinkconf.Version) Model {
	t.Helper()
	m, err := NewModel(options, version)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The sizes are what Flink itself works out: BashJavaUtils GET_TM_RESOURCE_PARAMS of these versions, with the options and that process size in the
// configuration file, prints them as the options that the start script passes on. Where several versions are named all print the same.
func TestModelDividesAsFlinkDoes(t *testing.T) {
	v := func(minor int) flinkconf.Version { return flinkconf.Version{Major: 1, Minor: minor} }
	newest := flinkconf.Version{Major: 2, Minor: 3}
	all := []flinkconf.Version{v(13), v(17), v(20), newest, {}}
	tests := []struct {
		name     string
		versions []flinkconf.Version
		options  map[string]string
		want     Sizes
	}{
		{"the defaults with 1728m", all, nil,
			Sizes{134217728, 402653174, 134217728, 0, 536870920, 134217730, 268435456, 201326592}},
		{"the defaults with 4g", all, nil,
			Sizes{134217728, 1530082070, 134217728, 0, 1438814063, 359703515, 268435456, 429496736}},
		{"the defaults with 20g", []flinkconf.Version{v(17), v(20), newest, {}}, nil,
			Sizes{134217728, 9797893994, 134217728, 0, 8053063800, 2013265950, 268435456, 1073741824}},
		{"the defaults with 20g, where network memory has a limit", []flinkconf.Version{v(13)}, nil,
			Sizes{134217728, 10737418120, 134217728, 0, 8053063800, 1073741824, 268435456, 1073741824}},
		{"the sample's", []flinkconf.Version{v(13), newest}, sampleOptions(),
			Sizes{67108864, 260046848, 67108864, 0, 0, 33554432, 134217728, 67108864}},
		{"other fractions, with 3000m", []flinkconf.Version{v(13), newest}, map[string]string{
			"taskmanager.memory.managed.fraction": "0.25", "taskmanager.memory.network.fraction": "0.05", "taskmanager.memory.jvm-overhead.fraction": "0.2",
			"taskmanager.memory.task.off-heap.size": "100m"},
			Sizes{134217728, 1200409798, 134217728, 104857600, 562036733, 112407348, 268435456, 629145609}},
		{"a size of managed memory, with 2g", []flinkconf.Version{v(13), newest}, map[string]string{"taskmanager.memory.managed.size": "300 mb"},
			Sizes{134217728, 914861584, 134217728, 0, 314572800, 166429984, 268435456, 214748368}},
		{"no managed memory, with 1g, of which network memory is the least", []flinkconf.Version{newest}, map[string]string{"taskmanager.memory.managed.size": "0"},
			Sizes{134217728, 268435456, 134217728, 0, 0, 67108864, 268435456, 201326592}},
	}
	for _, test := range tests {
		for _, version := range test.versions {
			t.Run(test.name+" in "+version.String(), func(t *testing.T) {
				m := model(t, test.options, version)
				if process := test.want.Process(); process%MiB != 0 {
					t.Errorf("the sizes add up to %d, which was not given", process)
				}
				if !m.Explains(test.want) {
					t.Errorf("got %+v", m.Divide(test.want.Process()))
				}
			})
		}
	}
	limited := tests[3].want
	if model(t, nil, newest).Explains(limited) || model(t, nil, v(16)).Explains(tests[2].want) {
		t.Error("it makes no difference whether network memory has a limit")
	}
	if m := model(t, sampleOptions(), newest); m.Explains(tests[0].want) {
		t.Error("other options explain it too")
	}
}

func TestNewModelRefuses(t *testing.T) {
	for _, test := range []struct{ name, option, value, want string }{
		{"a size that is none", "framework.heap.size", "much", `option taskmanager.memory.framework.heap.size of the JobManager: "much" is not a size of memory such as 1728m or 2g`},
		{"a size of managed memory that is none", "managed.size", "x", `option taskmanager.memory.managed.size of the JobManager: "x" is not a size`},
		{"a share that is no number", "network.fraction", "ten", `option taskmanager.memory.network.fraction of the JobManager: strconv.ParseFloat: parsing "ten"`},
		{"a share above 1", "managed.fraction", "40", `option taskmanager.memory.managed.fraction of the JobManager: "40" is not a share from 0 to 1`},
		{"a share that is NaN", "jvm-overhead.fraction", "NaN", `"NaN" is not a share from 0 to 1`},
		{"Flink's own memory", "flink.size", "1g", "option taskmanager.memory.flink.size of the JobManager fixes the heap, whatever the process has; set taskmanager.memory.process.size instead"},
		{"the heap of tasks", "task.heap.size", "1g", "option taskmanager.memory.task.heap.size of the JobManager fixes the heap"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewModel(map[string]string{"taskmanager.memory." + test.option: test.value}, flinkconf.Version{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// anyOptions are such as Flink takes.
func anyOptions(random *rand.Rand) map[string]string {
	options := map[string]string{}
	set := func(name string, values ...string) {
		if n := random.IntN(2 * len(values)); n < len(values) {
			options["taskmanager.memory."+name] = values[n]
		}
	}
	set("managed.size", "0", "100m", "1g")
	set("managed.fraction", "0", "0.1", "0.7")
	set("network.fraction", "0.05", "0.2")
	set("network.min", "32m", "100m")
	set("network.max", "128m", "1g")
	set("jvm-overhead.fraction", "0.05", "0.2")
	set("jvm-overhead.max", "192m", "2g")
	set("framework.heap.size", "64m", "1g")
	set("task.off-heap.size", "50m")
	return options
}

// Of any process Advise names the smallest, in whole MiB, that holds the heap and what is in use besides.
func TestAdvisedIsTheSmallestProcessThatHoldsAll(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 0))
	rules := DefaultRules()
	for range 2000 {
		m := model(t, anyOptions(random), flinkconf.Version{Major: 1, Minor: 13 + random.IntN(8)})
		now := m.Divide((1024 + random.Int64N(8<<10)) * MiB)
		if now.TaskHeap < 0 {
			continue
		}
		rules.Factor = 1.5 + 3*random.Float64()
		live := Live{
			Bytes: 1 + random.Int64N(now.Heap()), Counted: true, Managed: random.Int64N(now.Managed + 1), Network: random.Int64N(now.Network + 1),
		}
		if random.IntN(4) == 0 {
			live.Bytes = random.Int64N(10*MiB) + 1
		}
		got, err := rules.Advise(live, m, now)
		if err != nil {
			if !errors.Is(err, errUnlimited) {
				t.Fatal(err)
			}
			continue
		}
		holds := func(process int64) bool {
			s := m.Divide(process)
			return s.TaskHeap >= 0 && float64(s.Heap()) >= rules.Factor*float64(live.Bytes) && s.Managed >= live.Managed && s.Network >= min(now.Network, 4*live.Network)
		}
		if got.Process%MiB != 0 || !holds(got.Process) {
			t.Fatalf("%+v of %+v does not hold %+v", got, m, live)
		}
		for _, smaller := range []int64{got.Process - MiB, got.Process / 2, random.Int64N(got.Process)} {
			if holds(smaller) && smaller < got.Process-MiB+1 {
				t.Fatalf("%d holds %+v too: %+v of %+v", smaller, live, got, m)
			}
		}
		if got.Heap != m.Divide(got.Process).Heap() || got.CurrentProcess != now.Process() || got.CurrentHeap != now.Heap() {
			t.Fatalf("%+v, now %+v", got, now)
		}
	}
}
