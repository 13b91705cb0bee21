package desired

import (
	"math/rand/v2"
	"testing"
	"time"
)

func ofGraph(name string) func(*Job) { return func(j *Job) { j.Graph = name } }
func room(most int) func(*Job) {
	return func(j *Job) { j.Room = &Room{most, Reason{HeldByRoom, "no node"}} }
}

func TestAFallIsHeldAfterAChangeOfTheGraph(t *testing.T) {
	rules := DefaultRules()
	easy := func(after time.Duration, changes ...func(*Job)) Job { // needs two TaskManagers and has eight
		return with(newJob(source(8, .15, 1000)), append(changes, func(j *Job) {
			j.Now, j.Checkpoints = j.Now.Add(after), &Checkpoints{Enabled: true, Interval: time.Minute, Completed: j.Now.Add(after)}
		})...)
	}
	type window struct {
		job  Job
		held Code // empty: it isn't
	}
	for _, test := range []struct {
		name    string
		windows []window // one after the other
	}{
		{"the same graph", []window{{easy(0, ofGraph("a")), ""}, {easy(5*time.Second, ofGraph("a")), ""}}},
		{"the first one that is seen", []window{{easy(0), ""}, {easy(5*time.Second, ofGraph("a")), ""}}},
		{"another one", []window{
			{easy(0, ofGraph("a")), ""}, {easy(5*time.Second, ofGraph("b")), HeldByGraph}, {easy(64*time.Second, ofGraph("b")), HeldByGraph}, {easy(65*time.Second, ofGraph("b")), ""},
		}},
		{"another one in a job that has just started", []window{{easy(0, ofGraph("a")), ""}, {easy(5*time.Second, ofGraph("b"), changedAgo(-time.Second)), HeldByGraph}}},
		{"once nobody knows the graph, the one before counts", []window{{easy(0, ofGraph("a")), ""}, {easy(5 * time.Second), ""}, {easy(10*time.Second, ofGraph("b")), HeldByGraph}}},
		{"back again", []window{{easy(0, ofGraph("a")), ""}, {easy(5*time.Second, ofGraph("b")), HeldByGraph}, {easy(10*time.Second, ofGraph("a")), HeldByGraph}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var memory Memory
			for i, w := range test.windows {
				var got Decision
				got, memory = Decide(w.job, rules, memory)
				if fell := got.TaskManagers < w.job.TaskManagers; fell != (w.held == "") || w.held != "" && !got.Has(w.held) || got.Has(HeldByChange) {
					t.Errorf("window %d: it fell %t, want it held by %q\n%s", i, fell, w.held, got.Text())
				}
			}
		})
	}
}

func TestWhatWasLearntOfAnotherGraphIsForgotten(t *testing.T) {
	job := with(newJob(source(8, 1, 420, arrival(5000))), ofGraph("b"))
	remembers := Memory{Parallelism: 4, Bottleneck: "source", Capacity: 400, Until: job.Now.Add(time.Minute), Graph: "b"}
	if got, memory := Decide(job, DefaultRules(), remembers); !got.Has(HeldByIneffective) || memory.Graph != "b" || !memory.Regraphed.IsZero() {
		t.Errorf("of the same graph it is remembered: %+v\n%s", memory, got.Text())
	}
	remembers.Graph = "a"
	got, memory := Decide(job, DefaultRules(), remembers)
	if want := (Memory{Parallelism: 8, Bottleneck: "source", Capacity: 420, Graph: "b", Regraphed: job.Now}); got.Has(HeldByIneffective) || memory != want {
		t.Errorf("of another one %+v is remembered, want %+v\n%s", memory, want, got.Text())
	}
}

func TestNoMoreAreAskedForThanThereIsRoomFor(t *testing.T) {
	hard := func(changes ...func(*Job)) Job { return with(newJob(source(4, .7, 400, arrival(800))), changes...) } // has four, needs nine
	for _, test := range []struct {
		name string
		job  Job
		want int
		told bool
	}{
		{"more than enough room", hard(room(20)), 9, false},
		{"just enough", hard(room(9)), 9, false},
		{"room for some", hard(room(6)), 6, true},
		{"room for those that there are", hard(room(4)), 4, true},
		{"pods that aren't known take nothing away", hard(room(0)), 4, true},
		{"a number that falls", with(newJob(source(8, .15, 1000)), room(1)), 2, false},
		{"one that stays", with(newJob(source(8, .7, 1000)), room(1)), 8, false},
		{"one that is held for another reason", with(newJob(source(4, .55, 400, arrival(4000), backlog(60000))), room(4)), 4, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := decide(test.job, DefaultRules())
			if got.TaskManagers != test.want || got.Has(HeldByRoom) != test.told {
				t.Errorf("got %d, want %d; the room is told of %t, want %t\n%s", got.TaskManagers, test.want, got.Has(HeldByRoom), test.told, got.Text())
			}
			if parallelism := max(test.want, 1); got.Parallelism != parallelism {
				t.Errorf("with them a parallelism of %d, want %d", got.Parallelism, parallelism)
			}
		})
	}
}

func TestRoomChangesNothingElse(t *testing.T) {
	r, bites := rand.New(rand.NewPCG(5, 5)), 0
	for range graphs {
		j := anyJob(r)
		memory := anyMemory(r, j)
		limited, remembers := Decide(j, DefaultRules(), memory)
		want := j.room()
		j.Room = nil
		free, same := Decide(j, DefaultRules(), memory)
		want = min(want, free.TaskManagers)
		if limited.TaskManagers != want || remembers != same || (limited.Has(HeldByRoom) || limited.Has(LimitedByQuota)) != (want < free.TaskManagers) {
			t.Fatalf("without:\n%s\nwith room, want %d:\n%s", free.Text(), want, limited.Text())
		}
		if want < free.TaskManagers {
			bites++
		}
	}
	if bites < graphs/100 {
		t.Errorf("the room mattered to %d of %d jobs", bites, graphs)
	}
}

func TestOfHowManyAJobCouldMakeUse(t *testing.T) {
	for _, test := range []struct {
		name string
		job  Job
		want int // 0: not known
	}{
		{"as its widest vertex may be", newJob(source(2, .5, 100, partitions(12)), sink(2, .5, 100, maxParallelism(30))), 30},
		{"partitions, where they are fewer than the max parallelism", newJob(source(2, .5, 100, partitions(12))), 12},
		{"partitions beyond the max parallelism are of no use", newJob(source(2, .5, 100, partitions(200))), 128},
		{"partitions that nobody knows", newJob(source(2, .5, 100, unknown("why"))), 128},
		{"several slots in each", with(newJob(source(2, .5, 100, partitions(13))), taskManagers(1, 4)), 4},
		{"a slot for each slot-sharing group", newJob(source(2, .5, 100, partitions(12)), sink(2, .5, 100, maxParallelism(10), slotGroup("b"))), 24},
		{"a vertex without a limit", newJob(source(2, .5, 100, partitions(12)), sink(2, .5, 100, maxParallelism(0))), 0},
		{"a max parallelism that isn't told", newJob(source(2, .5, 100), sink(2, .5, 100, maxParallelism(-1))), 0},
		{"fewer than there are", newJob(source(15, .5, 100, partitions(12))), 12},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := decide(test.job, DefaultRules()).Usable; got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
