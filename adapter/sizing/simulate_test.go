package sizing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// jvm is a heap as a generational collector leaves it: the young generation fills and is collected every few seconds, a share of it becomes garbage of the
// old generation, which is collected when that is full. Sizes are MiB.
type jvm struct {
	max, eden, live    float64
	cycle, promoted    float64 // seconds between young collections; MiB that each of them moves up in vain
	full               float64 // share of the old generation at which it is collected
	growth             float64 // MiB of live heap in an hour
	garbage, sinceLast float64
	young, old         int64
}

// run moves on by so many seconds.
func (j *jvm) run(seconds float64) {
	for ; seconds > 0; seconds-- {
		j.live += j.growth / 3600
		if j.sinceLast++; j.sinceLast < j.cycle {
			continue
		}
		j.sinceLast, j.young, j.garbage = 0, j.young+1, j.garbage+j.promoted
		if j.live+j.garbage > j.full*(j.max-j.eden) {
			j.garbage, j.old = 0, j.old+1
		}
	}
}

func (j *jvm) sample(id string, at time.Time, tellsOld bool) Sample {
	used := j.live + j.garbage + j.eden*j.sinceLast/j.cycle
	s := Sample{TaskManager: id, At: at, Used: int64(used * MiB), Max: int64(j.max * MiB), Young: j.young, Old: j.old, TellsOld: tellsOld}
	if !tellsOld {
		s.Old = 0
	}
	return s
}

// watchFor samples the heap about as often as one of so many TaskManagers has its turn.
func (j *jvm) watchFor(hours float64, taskManagers int, tellsOld bool, random *rand.Rand) Live {
	rules := DefaultRules()
	w, now := NewWatch(rules, nil), midnight()
	for end := now.Add(time.Duration(hours * float64(time.Hour))); now.Before(end); {
		seconds := math.Round(10 * float64(taskManagers) * (0.5 + random.Float64()))
		j.run(seconds)
		now = now.Add(time.Duration(seconds) * time.Second)
		w.See(j.sample("a", now, tellsOld))
	}
	live, _ := rules.Live(w.Parts(now))
	return live
}

// M is found from what a collector leaves to be seen, at random times: never less than is live, and little more. The more garbage comes between two samples,
// the more of it is taken for live: so with much of it, and with many TaskManagers to ask in turn.
func TestSimulatedHeaps(t *testing.T) {
	const live = 300
	tests := []struct {
		name         string
		heap         jvm
		taskManagers int
		tellsOld     bool
		most         float64 // times what is live
		counted      bool
	}{
		{"an old collection every hour, counted", jvm{max: 2000, eden: 600, live: live, cycle: 7, promoted: 1.5, full: 0.9}, 1, true, 1.2, true},
		{"the same with ten TaskManagers to ask in turn", jvm{max: 2000, eden: 600, live: live, cycle: 7, promoted: 1.5, full: 0.9}, 10, true, 2, true},
		{"a small young generation, with ten TaskManagers", jvm{max: 2000, eden: 100, live: live, cycle: 7, promoted: 0.3, full: 0.9}, 10, true, 1.2, true},
		{"an old collection every five hours, counted", jvm{max: 2000, eden: 600, live: live, cycle: 7, promoted: 0.3, full: 0.9}, 1, true, 1.05, true},
		{"an old collection every four hours, not counted", jvm{max: 2000, eden: 600, live: live, cycle: 7, promoted: 0.4, full: 0.9}, 1, false, 1.25, false},
		{"hardly any garbage, not counted", jvm{max: 2000, eden: 600, live: live, cycle: 7, promoted: 0.001, full: 0.9}, 1, false, 1.1, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(5) {
				heap := test.heap
				got := heap.watchFor(24, test.taskManagers, test.tellsOld, rand.New(rand.NewPCG(seed, 0)))
				if found := float64(got.Bytes) / MiB / live; got.AtMost || got.Counted != test.counted || found < 0.999 || found > test.most {
					t.Errorf("seed %d: found %.3f times what is live, %+v", seed, found, got)
				}
			}
		})
	}
}

// While more and more is live, M is that, or at most more than that: never what was live hours ago.
func TestWhatGrowsIsNotOverlooked(t *testing.T) {
	for _, tellsOld := range []bool{true, false} {
		for _, growth := range []float64{10, 30, 60, 100} {
			t.Run(fmt.Sprintf("%g MiB in an hour, old collections are counted: %t", growth, tellsOld), func(t *testing.T) {
				heap := jvm{max: 4000, eden: 600, live: 100, cycle: 7, promoted: 0.01, full: 0.9, growth: growth}
				random := rand.New(rand.NewPCG(1, 0))
				got := heap.watchFor(20, 1, tellsOld, random)
				// A tenth of the heap is overlooked at most, and what came in the last hour, which is not whole.
				if least := heap.live - 0.1*heap.max - 2*growth; float64(got.Bytes)/MiB < least {
					t.Errorf("found %d MiB where %.0f are live: %+v", got.Bytes/MiB, heap.live, got)
				}
			})
		}
	}
}

// FuzzWatch: whatever a JobManager tells, nothing panics, and M is neither negative nor above the most heap in use that was seen.
func FuzzWatch(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, int64(300), int64(1000))
		f.Add(seed, int64(math.MaxInt64), int64(1))
	}
	f.Fuzz(func(t *testing.T, seed uint64, used, size int64) {
		if used < 0 || size < 0 {
			return // rest refuses them
		}
		random := rand.New(rand.NewPCG(seed, 0))
		pick := func(usual ...int64) int64 { return usual[random.IntN(len(usual))] }
		rules := DefaultRules()
		rules.Window = time.Duration(pick(int64(16*time.Minute), int64(24*time.Hour)))
		w, now, most := NewWatch(rules, nil), midnight(), int64(0)
		for range 500 {
			s := Sample{
				TaskManager: string(rune('a' + random.IntN(3))), At: now, Used: pick(0, 1, 100, used), Max: pick(0, 500, size), Young: random.Int64N(9), Old: random.Int64N(3),
				TellsOld: random.IntN(2) == 0, Managed: pick(0, used), Network: pick(0, size),
			}
			most = max(most, s.Used)
			w.See(s)
			if random.IntN(100) == 0 {
				w.Disturb()
			}
			now = now.Add(time.Duration(pick(0, 10, 10, 300, 3600, -5)) * time.Second)
		}
		parts := w.Parts(now)
		for _, p := range parts {
			if p.Live < 0 || p.AtMost < 0 || max(p.Live, p.AtMost) > most || p.Counted && p.Live == 0 {
				t.Errorf("part %+v, at most %d in use", p, most)
			}
		}
		if live, ok := rules.Live(parts); ok != (len(parts) > 0) || live.Bytes < 0 || live.Bytes > most || live.AtMost && live.Counted {
			t.Errorf("%+v, at most %d in use", live, most)
		}
	})
}
