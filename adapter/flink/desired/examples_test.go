package desired

import (
	"math"
	"testing"
	"time"
)

// The numbers are those of Flink's Kubernetes operator, worked out anew: its JobVertexScalerTest, whose vertices have so many subtasks,
// so much to do, and so much capacity altogether. Where it goes on to a divisor of the max parallelism (7 becomes 8), the division's own
// result stands here: one by one, every number of subtasks divides the work evenly.
func TestParallelismFromTheOperatorsExamples(t *testing.T) {
	tests := []struct {
		name             string
		parallelism      int
		target, capacity float64
		utilization      float64
		want             int
	}{
		{"half the work, half the subtasks", 10, 50, 100, 1, 5},
		{"with a fifth to spare", 10, 50, 100, .8, 7},
		{"busy as it should be", 10, 80, 100, .8, 10},
		{"three quarters", 10, 60, 100, .8, 8},
		{"a little less rounds up to the same", 10, 59, 100, .8, 8},
		{"five times as many", 2, 100, 40, .5, 10},
		{"at its limit", 2, 100, 100, .6, 4},
		{"twice the work", 5, 100, 50, 1, 10},
		{"a step that brought four fifths", 10, 180, 90, 1, 20},
		{"ten times too many", 10, 10, 100, 1, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			read := min(test.target, test.capacity)
			v := source(test.parallelism, read/test.capacity, read, arrival(test.target))
			if got := decide(newJob(v), steady(test.utilization, test.utilization, test.utilization)); got.TaskManagers != test.want {
				t.Errorf("got %d TaskManagers, want %d: %v", got.TaskManagers, test.want, got.Reasons)
			}
		})
	}
}

// The numbers are those of the operator's ScalingMetricEvaluatorTest: between which capacities nothing changes, in records per second, of
// which a subtask does one here. Lower and upper are the last ones.
func TestTheBandFromTheOperatorsExamples(t *testing.T) {
	tests := []struct {
		name           string
		backlog        float64 // worked off in 2 s
		catchUp        time.Duration
		restart        time.Duration
		lower, fit, up int
	}{
		{"the rates alone", 0, 0, time.Second, 778, 875, 1000},
		{"a restart to work off leaves more before fewer are enough", 0, 2 * time.Second, time.Second, 778, 1225, 1350},
		{"a backlog moves both ends", 700, 2 * time.Second, time.Second, 1128, 1575, 1700},
		{"restarts of 5 min, to be worked off within one", 350 * 60, time.Minute, 5 * time.Minute, 1128, 4725, 4850},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rules := steady(.8, .7, .9)
			rules.CatchUp = test.catchUp
			f := flow{Vertex: source(1000, .7, 700), target: 700, take: 700, catchUp: rules.perCatchUp(test.backlog)}
			f.RecordsIn, f.MaxParallelism = 700, 0
			got := measure(f, rules, test.restart.Seconds()).span
			if want := (span{test.lower, test.fit, test.up}); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// The operator's documentation, "Target utilization and flexible boundaries": with 0.6 and 0.4 to 0.8 it scales up above
// 0.8, down below 0.4, and does nothing in between.
func TestUtilizationFromTheOperatorsDocumentation(t *testing.T) {
	for busy, want := range map[float64]int{.81: 14, .8: 10, .6: 10, .4: 10, .39: 7} {
		if got := decide(newJob(source(10, busy, 1000)), steady(.6, .4, .8)); got.TaskManagers != want {
			t.Errorf("busy %v: got %d TaskManagers, want %d", busy, got.TaskManagers, want)
		}
	}
}

// The dataflow of FLIP-271 (https://cwiki.apache.org/confluence/display/FLINK/FLIP-271%3A+Autoscaling): one log grows by 100 and another by 500,
// their sources read 10 and 50, and what is downstream passes on what it gets. At full utilization each needs ten times its
// capacity, what reads both as well, in one step.
func TestTheDataflowOfFLIP271(t *testing.T) {
	job := newJob(
		vertex("j", 2, 1, 60, "mn"),
		vertex("m", 1, .5, 10, "1"), vertex("n", 1, 1, 50, "2"),
		source(1, 1, 10, named("1"), arrival(100)), source(1, .5, 50, named("2"), arrival(500)),
	)
	got := decide(job, steady(1, 1, 1))
	for id, want := range map[string]struct {
		target float64
		needed int
	}{"1": {100, 10}, "2": {500, 5}, "m": {100, 5}, "n": {500, 10}, "j": {600, 20}} {
		if n := got.vertex(id); !near(n.Target, want.target) || n.Needed != want.needed {
			t.Errorf("%s: got target %v, %d subtasks; want %v, %d", id, n.Target, n.Needed, want.target, want.needed)
		}
	}
	if got.TaskManagers != 20 || got.Bottleneck != "j" {
		t.Errorf("got %d TaskManagers for %q, want 20 for j", got.TaskManagers, got.Bottleneck)
	}
}

// The operator's testLagBasedSourceScaling: 100/s are read while the lag grows by 50/s, so 150/s arrive; 1000 records of lag, worked
// off in 2 s, make 500/s; what reads two records for each has twice as much of both. (Lag here as much larger as is not counted.)
func TestBacklogFromTheOperatorsExample(t *testing.T) {
	rules := steady(1, .7, 1)
	rules.CatchUp, rules.Restart = 2*time.Second, 0
	got := decide(newJob(source(1, .7, 100, out(200), arrival(150), backlog(1000+stale*100)), sink(1, .8, 200)), rules)
	for id, want := range map[string][2]float64{"source": {150, 650}, "sink": {300, 1300}} {
		if n := got.vertex(id); !near(n.Target, want[0]) || !near(n.Capacity, want[1]) {
			t.Errorf("%s: got target %v, capacity %v; want %v", id, n.Target, n.Capacity, want)
		}
	}
	if got.TaskManagers != 6 { // 1300 / 250 = 5.2
		t.Errorf("got %d TaskManagers, want 6", got.TaskManagers)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1) }
