package sizing

import (
	"errors"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

func newest() flinkconf.Version { return flinkconf.Version{Major: 2, Minor: 3} }

func TestAdvise(t *testing.T) {
	sample, byDefault := model(t, sampleOptions(), newest()), model(t, nil, newest())
	counted := func(mib int64) Live { return Live{Bytes: mib * MiB, Counted: true, Watched: 3 * time.Hour} }
	with := func(live Live, managed, network int64) Live {
		live.Managed, live.Network = managed*MiB, network*MiB
		return live
	}
	tests := []struct {
		name    string
		live    Live
		model   Model
		process int64 // MiB, now
		want    int64 // MiB
		err     error
		text    string
	}{
		{"a heap that is much too large", counted(40), sample, 600, 428, nil,
			"taskmanager.memory.process.size 428m advised, 600m now (saves 29%): 40m of 312m of heap live after old collections, and 3.5 times that advised; watched for 3h0m0s"},
		{"one that is too small", counted(200), sample, 600, 1020, nil,
			"taskmanager.memory.process.size 1020m advised, 600m now (short by 70%): 200m of 312m of heap live after old collections, and 3.5 times that advised; watched for 3h0m0s"},
		{"one that fits", counted(89), sample, 600, 600, nil,
			"taskmanager.memory.process.size 600m advised, 600m now: 89m of 312m of heap live after old collections, and 3.5 times that advised; watched for 3h0m0s"},
		{"what a JVM doesn't count is told so", Live{Bytes: 40 * MiB, Watched: time.Hour}, sample, 600, 428, nil,
			"taskmanager.memory.process.size 428m advised, 600m now (saves 29%): about 40m of 312m of heap live, and 3.5 times that advised; watched for 1h0m0s"},
		{"as is what is known at most", Live{Bytes: 40 * MiB, AtMost: true, Watched: time.Hour}, sample, 600, 428, nil,
			"taskmanager.memory.process.size 428m advised, 600m now (saves 29%): at most 40m of 312m of heap live, and 3.5 times that advised; watched for 1h0m0s"},
		{"what is known at most is no reason for a larger process", Live{Bytes: 200 * MiB, AtMost: true}, sample, 600, 0, errAtMost, ""},
		{"nor is what no old collection left", Live{Bytes: 200 * MiB}, sample, 600, 0, errAtMost, ""},
		{"nor is it one for this size", Live{Bytes: 89 * MiB, AtMost: true}, sample, 600, 0, errAtMost, ""},
		{"managed memory that is in use must fit in, which is a share of the process", with(counted(40), 512, 1), byDefault, 1728, 1728, nil,
			"taskmanager.memory.process.size 1728m advised, 1728m now: 40m of 512m of heap live after old collections, and 3.5 times that advised; watched for 3h0m0s; not less for its managed memory in use"},
		{"as must four times the network memory that is", with(counted(40), 0, 25), byDefault, 1728, 1448, nil,
			"taskmanager.memory.process.size 1448m advised, 1728m now (saves 16%): 40m of 512m of heap live after old collections, and 3.5 times that advised; watched for 3h0m0s; not less for its network memory in use"},
		{"but no more of that than there is now", with(counted(40), 0, 100), byDefault, 1728, 1728, nil,
			"taskmanager.memory.process.size 1728m advised, 1728m now: 40m of 512m of heap live after old collections, and 3.5 times that advised; watched for 3h0m0s; not less for its network memory in use"},
		{"what was in use under other options can't be had", with(counted(40), 400, 30), sample, 600, 428, nil,
			"taskmanager.memory.process.size 428m advised, 600m now (saves 29%): 40m of 312m of heap live after old collections, and 3.5 times that advised; watched for 3h0m0s"},
		{"Flink's own heap is the least, whatever is live", counted(1), sample, 600, 352, nil,
			"taskmanager.memory.process.size 352m advised, 600m now (saves 41%): 1m of 312m of heap live after old collections, and 3.5 times that advised; watched for 3h0m0s"},
		{"nothing has been watched", Live{}, sample, 600, 0, errNothingYet, ""},
		{"no size would do", counted(1 << 20), sample, 600, 0, errUnlimited, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := DefaultRules().Advise(test.live, test.model, test.model.Divide(test.process*MiB))
			if !errors.Is(err, test.err) || got.Process != test.want*MiB {
				t.Fatalf("got %d MiB, %v; want %d MiB, %v", got.Process/MiB, err, test.want, test.err)
			}
			if text := got.Text(); err == nil && text != test.text {
				t.Errorf("got  %s\nwant %s", text, test.text)
			}
		})
	}
	if _, err := DefaultRules().Advise(counted(40), sample, byDefault.Divide(1728*MiB)); !errors.Is(err, errNoModel) {
		t.Errorf("with TaskManagers of other options: %v", err)
	}
}

func TestNotable(t *testing.T) {
	for _, test := range []struct {
		name            string
		process, before int64
		want            bool
	}{
		{"a fifth less is not", 800, 1000, false},
		{"more than a fifth less is", 799, 1000, true},
		{"a fifth more is not", 1200, 1000, false},
		{"more than a fifth more is", 1201, 1000, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := (Advice{Process: test.process, CurrentProcess: test.before}).Notable(); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestSizesAreRoundedUp(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0m", 1: "1m", MiB: "1m", MiB + 1: "2m", 1728 * MiB: "1728m"} {
		if got := Text(bytes); got != want {
			t.Errorf("%d is %s, want %s", bytes, got, want)
		}
	}
}

func TestLive(t *testing.T) {
	tests := []struct {
		name  string
		parts []Part
		want  Live
		none  bool
	}{
		{"of no parts nothing is known", nil, Live{AtMost: true}, true},
		{"the largest that is known counts", []Part{{Live: 200, Counted: true, AtMost: 200}, {Live: 300, AtMost: 300}, {Live: 250, Counted: true, AtMost: 250}}, Live{Bytes: 300, Watched: 3 * time.Hour}, false},
		{"a part that doesn't know it is no matter before one that does", []Part{{AtMost: 900, Heap: heapSize}, {Live: 200, Counted: true, AtMost: 200}}, Live{Bytes: 200, Counted: true, Watched: 2 * time.Hour}, false},
		{"nor after it, while the heap was as full before", []Part{{AtMost: 500, Heap: heapSize}, {Live: 200, Counted: true, AtMost: 200}, {AtMost: 600, Heap: heapSize}},
			Live{Bytes: 200, Counted: true, Watched: 3 * time.Hour}, false},
		{"but when it is fuller by more than a tenth, that may be live", []Part{{AtMost: 500, Heap: heapSize}, {Live: 200, Counted: true, AtMost: 200}, {AtMost: 601, Heap: heapSize}, {AtMost: 590, Heap: heapSize}},
			Live{Bytes: 601, AtMost: true, Watched: 4 * time.Hour}, false},
		{"where none knows it the largest counts, at most", []Part{{AtMost: 10, Heap: heapSize}, {AtMost: 20, Heap: heapSize}, {AtMost: 15, Heap: heapSize}}, Live{Bytes: 20, AtMost: true, Watched: 3 * time.Hour}, false},
		{"the most of what is not heap", []Part{{Live: 1, Counted: true, AtMost: 1, Managed: 7, Network: 3}, {Live: 1, Counted: true, AtMost: 1, Managed: 5, Network: 9}},
			Live{Bytes: 1, Counted: true, Managed: 7, Network: 9, Watched: 2 * time.Hour}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, ok := DefaultRules().Live(test.parts); got != test.want || ok == test.none {
				t.Errorf("got %+v, %t", got, ok)
			}
		})
	}
}

func TestCollectors(t *testing.T) {
	for _, test := range []struct {
		name       string
		collectors Collectors
		young, old int
		tells      bool
	}{
		{"Serial counts all", Collectors{"All", "Copy", "MarkSweepCompact"}, 1, 1, true},
		{"so does Parallel", Collectors{"PS_Scavenge", "PS_MarkSweep"}, 1, 1, true},
		{"and CMS", Collectors{"ParNew", "ConcurrentMarkSweep"}, 1, 1, true},
		{"G1 counts full collections alone", Collectors{"G1_Young_Generation", "G1_Old_Generation"}, 1, 1, false},
		{"until Java 20", Collectors{"G1_Young_Generation", "G1_Old_Generation", "G1_Concurrent_GC"}, 1, 2, true},
		{"ZGC has one generation", Collectors{"ZGC_Cycles", "ZGC_Pauses"}, 0, 1, true},
		{"or two", Collectors{"ZGC_Minor_Cycles", "ZGC_Minor_Pauses", "ZGC_Major_Cycles", "ZGC_Major_Pauses"}, 1, 1, true},
		{"Shenandoah has one", Collectors{"Shenandoah_Pauses", "Shenandoah_Cycles"}, 0, 1, true},
		{"of one that is unknown nothing is", Collectors{"Azure"}, 0, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			young, old := test.collectors.Young(), test.collectors.Old()
			if len(young) != test.young || len(old) != test.old || test.collectors.TellsOld() != test.tells {
				t.Errorf("young %v, old %v, tells %t", young, old, test.collectors.TellsOld())
			}
		})
	}
}
