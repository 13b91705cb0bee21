package desired

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"
)

func TestDecide(t *testing.T) {
	tests := []struct {
		name    string
		job     Job
		want    int
		because []Code
	}{
		{"a job within the band keeps its number", newJob(source(4, .65, 1000)), 4, []Code{Fits}},
		{"a busy job gets more", newJob(source(4, .9, 1000)), 6, []Code{MoreNeeded}},     // 3.6/0.7 + 3.6 x 30/300 = 5.5
		{"an easy job gets fewer", newJob(source(10, .3, 1000)), 5, []Code{FewerNeeded}}, // 3/0.7 + 3 x 30/300 = 4.6
		{"and what is right for one subtask stays one", newJob(source(1, .1, 10)), 1, []Code{Fits}},
		{"an idle job keeps one", newJob(source(5, 0, 0), sink(5, 0, 0)), 1, []Code{Idle}},
		{"an idle job that has one already", newJob(source(1, 0, 0)), 1, []Code{Idle}},
		{"timers without records don't keep a job large", newJob(source(10, .02, 0)), 1, []Code{Idle}},
		{"work that no record asks for is work all the same", newJob(source(10, .9, 0)), 10, []Code{Fits}},
		{"no vertex at all asks for nothing", newJob(), 1, []Code{Idle}},
		{"more arrives than is read", newJob(source(1, 1, 100, arrival(300))), 5, []Code{MoreNeeded}}, // 3/0.7 + 0.3 = 4.6
		{"less arrives than is read: it has caught up", newJob(source(10, 1, 1000, arrival(300))), 5, []Code{FewerNeeded}},
		{"the vertex that needs most decides", newJob(source(4, .2, 1000), sink(4, .9, 1000)), 6, []Code{MoreNeeded}},
		{"a vertex that is never busy passes the rate on", newJob(source(2, 0, 100, arrival(200)), sink(2, .7, 100)), 5, []Code{MoreNeeded}},
		{"a filter lets little through", newJob(source(4, .65, 1000, out(10)), sink(4, .01, 10)), 4, []Code{Fits}},

		{"a backlog is worked off within the catch-up time", newJob(source(2, 1, 200, backlog(33000))), 5, // 2/0.7 + 1 + 2 x 0.1 = 4.06
			[]Code{MoreNeeded, CatchingUp}},
		{"what lag a healthy job shows is no backlog", newJob(source(4, .65, 1000, backlog(15000))), 4, []Code{Fits}},
		{"all of it counts while nothing is read", newJob(source(4, .65, 0, arrival(100), backlog(10))), 4, []Code{Fits, RateUnknown}},
		{"a job that has not read anything yet keeps its number", newJob(source(9, 0, 0, arrival(100)), sink(9, .01, 0)), 9, []Code{Fits, RateUnknown}},
		{"a measured restart counts instead of the assumed", with(newJob(source(4, .9, 1000)), restarts(3*time.Minute)), 8, // 5.14 + 3.6 x 0.6
			[]Code{MoreNeeded}},

		{"a rescale is sized by what arrives after the restart", newJob(source(4, .9, 1000, rise(10))), 8, []Code{MoreNeeded, Rising}}, // 1300/s: 4.68/0.7 + 0.47 = 7.15
		{"a load that rises begins none", newJob(source(4, .65, 1000, rise(10))), 4, []Code{Fits}},
		{"and is given back less", newJob(source(10, .3, 1000, rise(10))), 6, []Code{FewerNeeded, Rising}}, // 1300/s: 3.9/0.7 + 0.39 = 5.96
		{"or nothing, and never more", newJob(source(10, .3, 1000, rise(100))), 10, []Code{FewerNeeded, Rising}},
		{"never more than the partitions", newJob(source(4, 1, 400, arrival(4000), partitions(12))), 12, []Code{MoreNeeded, LimitedByPartitions}},
		{"nor than the max parallelism", newJob(source(4, 1, 400, arrival(4000), maxParallelism(8))), 8, []Code{MoreNeeded, LimitedByMaxParallelism}},
		{"the smaller limit counts", newJob(source(4, 1, 400, arrival(4000), partitions(12), maxParallelism(8))), 8, []Code{MoreNeeded, LimitedByMaxParallelism}},
		{"another vertex may need more than a limited one", newJob(source(4, 1, 400, arrival(1200), partitions(6)), sink(4, .9, 400)), 9,
			[]Code{MoreNeeded, LimitedByPartitions}}, // of 1200/s it lets 600/s through: 5.4/0.7 + 0.54 = 8.3
		{"beyond all limits there are fewer", with(newJob(source(12, .9, 1200, partitions(12))), taskManagers(15, 1)), 12,
			[]Code{FewerNeeded, LimitedByPartitions}},

		{"slots divide", with(newJob(source(4, .9, 1000)), taskManagers(2, 2)), 3, []Code{MoreNeeded}},
		{"each slot-sharing group needs its own slots", with(newJob(source(4, .9, 1000), sink(4, .1, 1000, slotGroup("b"))), taskManagers(4, 2)), 6,
			[]Code{MoreNeeded}},
		{"a TaskManager that is there is used, not given back for a part of it", with(newJob(source(4, .4, 1000)), taskManagers(1, 4)), 1, []Code{Fits}},

		{"an unknown arrival: what is read stands for it", newJob(source(4, .9, 1000, unknown("not a Kafka source"))), 6, []Code{MoreNeeded, ArrivalUnknown}},
		{"a source that nobody looked at likewise", newJob(source(4, .9, 1000, func(v *Vertex) { v.Source = nil })), 6, []Code{MoreNeeded, ArrivalUnknown}},
		{"an unknown arrival and back-pressure: no fewer", newJob(source(4, .1, 1000, unknown("why"), backpressured(.5)), sink(4, .4, 1000)), 4,
			[]Code{FewerNeeded, ArrivalUnknown, HeldByBackpressure}},
		{"an unknown arrival that nothing holds back may be small", newJob(source(4, .1, 1000, unknown("why"), backpressured(.1)), sink(4, .4, 1000)), 3,
			[]Code{FewerNeeded, ArrivalUnknown}},
		{"a vertex without times is left out", newJob(source(4, 0, 1000, timeless), sink(4, .9, 1000)), 6, []Code{MoreNeeded, TimesUnknown}},

		{"partitions that don't divide: down to the same fullest subtask", newJob(source(2, .9, 100, arrival(165), partitions(12))), 4, // 4.5 -> 5 -> 4
			[]Code{MoreNeeded, Spread}},
		{"key groups likewise", newJob(source(2, .1, 100, arrival(165)), sink(2, .9, 100, keyed, maxParallelism(12))), 4, []Code{MoreNeeded, Spread}},
		{"where the number stays they moved nothing", newJob(source(5, .62, 100, partitions(12))), 5, []Code{Fits}},
		{"a source's max parallelism is nothing that is dealt out", newJob(source(2, .9, 100, arrival(165), maxParallelism(12))), 5, []Code{MoreNeeded}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := decide(test.job, DefaultRules())
			if got.TaskManagers != test.want {
				t.Errorf("got %d TaskManagers, want %d\n%s", got.TaskManagers, test.want, got.Text())
			}
			if codes := got.codes(); !slices.Equal(codes, test.because) {
				t.Errorf("because of %v, want %v\n%s", codes, test.because, got.Text())
			}
		})
	}
}

func TestParallelismAndBottleneck(t *testing.T) {
	tests := []struct {
		name        string
		job         Job
		parallelism int
		bottleneck  string
	}{
		{"all slots", with(newJob(source(2, .9, 1000)), taskManagers(1, 2)), 4, "source"}, // 2.8 subtasks, 2 TaskManagers
		{"as many as may be", with(newJob(source(2, .9, 1000, maxParallelism(3))), taskManagers(1, 2)), 3, "source"},
		{"any number may be", with(newJob(source(2, .9, 1000, maxParallelism(0))), taskManagers(1, 2)), 4, "source"},
		{"half of the slots for each group", with(newJob(source(2, .9, 1000), sink(2, .1, 1000, slotGroup("b"))), taskManagers(2, 2)), 3, "source"},
		{"what can't be measured is no bottleneck", newJob(source(9, 0, 0, arrival(100)), sink(9, .01, 0)), 9, "sink"},
		{"nobody is, where nothing is to do", newJob(source(9, 0, 0)), 1, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := decide(test.job, DefaultRules()); got.Parallelism != test.parallelism || got.Bottleneck != test.bottleneck {
				t.Errorf("got parallelism %d, bottleneck %q; want %d, %q", got.Parallelism, got.Bottleneck, test.parallelism, test.bottleneck)
			}
		})
	}
}

// What one vertex can't take in at its largest, the others need no room for.
func TestTheNarrowestVertexLimitsTheOthers(t *testing.T) {
	narrow := func(arrives, behind float64) Job {
		return newJob(source(2, .5, 200, arrival(arrives), backlog(behind)), sink(2, 1, 200, maxParallelism(4))) // 200/s and 100/s a subtask
	}
	for _, test := range []struct {
		name           string
		job            Job
		source, wanted int
	}{
		{"as much as the sink can", narrow(400, 0), 4, 4}, // 2/0.7 + 0.2 = 3.1
		{"ten times that", narrow(4000, 0), 4, 4},
		{"any backlog", narrow(300, 1e9), 3, 4}, // 1.5/0.7 + 0.5 + 0.15 = 2.8
	} {
		got := decide(test.job, DefaultRules())
		if needed := got.vertex("source").Needed; needed != test.source || got.TaskManagers != test.wanted || !got.Has(LimitedByMaxParallelism) {
			t.Errorf("%s: the source needs %d, want %d\n%s", test.name, needed, test.source, got.Text())
		}
	}
	if got := decide(narrow(4000, 0), steady(1, .6, 1)); !got.Has(LimitedByMaxParallelism) {
		t.Errorf("at full utilization as well\n%s", got.Text())
	}
}

func TestRatiosDownTheGraph(t *testing.T) {
	two := source(1, .5, 100, named("1"), arrival(200), out(300))
	tests := []struct {
		name     string
		vertices []Vertex
		target   float64 // of x
	}{
		{"by what comes in, where there is a single input", []Vertex{two, vertex("x", 1, .5, 50, "1"), vertex("y", 1, .5, 250, "1")}, 100},
		{"by what goes out, where there is a single output", []Vertex{two, source(1, .5, 10, named("2")), vertex("x", 1, .5, 310, "12")}, 610},
		{"by share, where there are several of both", []Vertex{two, source(1, .5, 100, named("2"), arrival(100), out(100)),
			vertex("x", 1, .5, 200, "12"), vertex("y", 1, .5, 200, "12")}, 350}, // 200 x 150/100 + 100 x 50/100
		{"a vertex read twice counts once", []Vertex{two, vertex("x", 1, .5, 600, "11")}, 1200},
		{"an input that isn't there counts for nothing", []Vertex{two, vertex("x", 1, .5, 300, "1?")}, 600},
		{"where nothing was read, what comes in is the least", []Vertex{source(1, 0, 0, named("1"), arrival(50)), vertex("x", 1, .5, 70, "1")}, 70},
		{"two inputs that write nothing", []Vertex{source(1, .5, 10, named("1"), out(0)), source(1, .5, 10, named("2"), out(0)),
			vertex("x", 1, .5, 0, "12"), vertex("y", 1, .5, 0, "12")}, 0},
		{"in whatever order they come", []Vertex{vertex("x", 1, .5, 100, "b"), vertex("b", 1, .5, 300, "a"), vertex("a", 1, .5, 300, "1"), two}, 200},
		{"a circle is cut where it closes", []Vertex{vertex("x", 1, .5, 100, "y"), vertex("y", 1, .5, 100, "x"), two}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := decide(newJob(test.vertices...), DefaultRules()).vertex("x").Target; !near(got, test.target) {
				t.Errorf("got %v, want %v", got, test.target)
			}
		})
	}
}

func TestTheRestOfABacklogFlowsBesideWhatIsUnknown(t *testing.T) {
	rules := steady(1, .6, 1)
	rules.CatchUp, rules.Restart = time.Minute, 0
	got := decide(newJob(source(1, .9, 100, named("1"), backlog(6000+stale*100)), source(1, 0, 0, named("2"), arrival(50)), vertex("x", 1, .5, 120, "12")), rules)
	if x := got.vertex("x"); !near(x.Target, 120) || !near(x.Capacity, 200) { // 100 arrive and 100 catch up: 120 came, 80 are to come on top
		t.Errorf("got target %v, capacity %v; want 120, 200", x.Target, x.Capacity)
	}
}

func TestNumbersThatCannotBe(t *testing.T) {
	bad := []float64{0, -1, 1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64}
	for _, a := range bad {
		for _, b := range bad {
			for _, c := range bad {
				job := newJob(source(0, a, b, arrival(c), backlog(a), out(c), partitions(-1)), sink(0, b, c, keyed, hottest(a), maxParallelism(-1)))
				job.Slots, job.TaskManagers = 0, 0
				got := decide(job, DefaultRules())
				if _, err := json.Marshal(got); err != nil || got.TaskManagers < 1 || got.TaskManagers > most {
					t.Fatalf("%v, %v, %v: got %d TaskManagers, %v", a, b, c, got.TaskManagers, err)
				}
			}
		}
	}
	if got := decide(newJob(source(2, 1.5, 100)), DefaultRules()); got.TaskManagers != 4 { // as for 1: 2/0.7 + 0.2
		t.Errorf("busy more than all the time: got %d, want 4", got.TaskManagers)
	}
	if got := decide(newJob(source(2, 1, 100)), Rules{}).TaskManagers; got < 1 {
		t.Errorf("without rules: got %d", got)
	}
}
