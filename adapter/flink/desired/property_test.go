package desired

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const graphs = 5_000

// needed is the number before anything is held.
func needed(j Job) int {
	j.Changed, j.Checkpoints = time.Time{}, &Checkpoints{Enabled: true, Interval: time.Minute, Completed: j.Now}
	return decide(j, DefaultRules()).TaskManagers
}

func TestNeverAboveACap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	seen := map[Code]bool{}
	for range graphs {
		j := anyJob(r)
		widest := 1
		for _, v := range j.Vertices {
			limit := most
			if v.MaxParallelism > 0 {
				limit = v.MaxParallelism
			}
			if v.Source != nil && v.Source.Partitions > 0 {
				limit = min(limit, v.Source.Partitions)
			}
			widest = max(widest, limit)
		}
		most := max(ceilDiv(widest*j.slotGroups(), j.Slots), j.TaskManagers) // what is held may be more
		got, _ := Decide(j, DefaultRules(), anyMemory(r, j))
		for _, code := range got.codes() {
			seen[code] = true
		}
		if got.TaskManagers > most || got.TaskManagers < 1 {
			t.Fatalf("%d TaskManagers of at most %d\n%s", got.TaskManagers, most, got.Text())
		}
		if got := needed(j); got > j.TaskManagers && got > ceilDiv(widest*j.slotGroups(), j.Slots) {
			t.Fatalf("%d TaskManagers needed", got)
		}
	}
	if len(seen) != len(Codes()) {
		t.Errorf("%d codes seen, %d listed", len(seen), len(Codes()))
	}
	for _, code := range Codes() {
		if !seen[code] {
			t.Errorf("%s is never given as a reason", code)
		}
	}
}

func TestMoreArrivalsNeverNeedFewer(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	risen := 0
	for range graphs {
		j := anyJob(r)
		memory := anyMemory(r, j)
		before, _ := Decide(j, DefaultRules(), memory)
		var more []Vertex
		for _, v := range j.Vertices {
			if v.Source != nil {
				source := *v.Source
				source.Arrival += []float64{0, 1, 1e3, 1e5}[r.IntN(4)] * r.Float64()
				v.Source = &source
			}
			more = append(more, v)
		}
		j.Vertices = more
		after, _ := Decide(j, DefaultRules(), memory)
		if after.TaskManagers < before.TaskManagers {
			t.Fatalf("with less:\n%s\nwith more:\n%s", before.Text(), after.Text())
		}
		if after.TaskManagers > before.TaskManagers {
			risen++
		}
	}
	if risen < graphs/20 {
		t.Errorf("only %d of %d rose: the jobs are too easy", risen, graphs)
	}
}

func TestWithinTheBandNothingChanges(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	rules := DefaultRules()
	for range graphs {
		p := 1 + r.IntN(100)
		band := rules.UtilizationMin + (rules.UtilizationMax-rules.UtilizationMin)*r.Float64()
		j := newJob(source(p, r.Float64()*band, 1000, maxParallelism(0)), sink(p, band, 1000, maxParallelism(0)))
		if got := decide(j, rules); got.TaskManagers != p || got.codes()[0] != Fits {
			t.Fatalf("busy %v: got %d TaskManagers of %d\n%s", band, got.TaskManagers, p, got.Text())
		}
	}
}

// scaling is a job that scales perfectly: any number of subtasks shares the work as evenly as key groups and partitions allow, and each
// vertex does so much a second for each subtask.
type scaling struct {
	job     Job
	costs   []float64 // seconds of a subtask's time for a record that arrives at the source
	arrival float64
	backlog float64
}

// window is what is seen of it with so many TaskManagers after 40 s.
func (s *scaling) window(taskManagers int) Job {
	j := s.job
	p := max(taskManagers*j.Slots/j.slotGroups(), 1)
	reads := s.arrival + s.backlog/40
	for i, v := range j.Vertices {
		v.Parallelism = min(p, v.MaxParallelism)
		if s.costs[i] > 0 {
			reads = min(reads, v.shares().even(v.Parallelism)/s.costs[i])
		}
	}
	s.backlog = max(s.backlog+(s.arrival-reads)*40, 0)
	j.Vertices = nil
	for i, v := range s.job.Vertices {
		v.Parallelism = min(p, v.MaxParallelism)
		v.RecordsIn, v.RecordsOut = reads, reads
		v.Busy = reads * s.costs[i] / float64(v.Parallelism)
		v.Hottest = min(v.Busy*v.unevenness(), 1)
		if v.Source != nil {
			v.Source = &Source{Arrival: s.arrival, Backlog: s.backlog, Partitions: v.Source.Partitions}
		}
		j.Vertices = append(j.Vertices, v)
	}
	j.TaskManagers = taskManagers
	return j
}

func TestAFixedLoadTakesTwoChangesAtMost(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	moved := [3]int{}
	for n := range 500 {
		job := newJob(
			source(1, 0, 0, partitions([]int{0, 12, 36, 100}[r.IntN(4)]), maxParallelism([]int{100, 128, 720}[r.IntN(3)])),
			sink(1, 0, 0, maxParallelism([]int{12, 128, 720}[r.IntN(3)]), []func(*Vertex){keyed, func(*Vertex) {}}[r.IntN(2)]),
		)
		job.Slots = 1 + r.IntN(3)
		s := scaling{job: job, arrival: math.Pow(10, 1+3*r.Float64()), backlog: []float64{0, 1e5}[r.IntN(2)] * r.Float64()}
		for range job.Vertices {
			s.costs = append(s.costs, []float64{0, 1 / (20 + 1000*r.Float64())}[min(r.IntN(5), 1)])
		}
		now, changes, last := 1+r.IntN(15), 0, 0
		var memory Memory
		var got Decision
		for round := range 60 {
			got, memory = Decide(s.window(now), DefaultRules(), memory)
			if got.TaskManagers != now {
				now, last = got.TaskManagers, round
				changes++
			}
		}
		if changes > 2 {
			t.Fatalf("job %d: %d changes, the last in round %d\n%s", n, changes, last, got.Text())
		}
		if behind := s.backlog > 1 && len(got.Reasons) > 0; behind && !got.Has(LimitedByMaxParallelism) && !got.Has(LimitedByPartitions) {
			t.Fatalf("job %d: %v records of backlog are left\n%s", n, s.backlog, got.Text())
		}
		moved[changes]++
	}
	t.Logf("500 jobs: %d stayed, %d took one change, %d took two", moved[0], moved[1], moved[2])
}

func FuzzDecide(f *testing.F) {
	f.Add(1, 4, .65, 1000., 1000., 0., 1., 12, 128)
	f.Add(0, 0, math.NaN(), math.Inf(1), -1., 1e300, 2., -1, 0)
	f.Fuzz(func(t *testing.T, slots, p int, busy, in, arrives, behind, hot float64, parts, limit int) {
		j := newJob(source(p, busy, in, arrival(arrives), backlog(behind), partitions(parts), maxParallelism(limit)),
			sink(p, busy, in, keyed, hottest(hot), maxParallelism(limit)))
		if slots < 1<<20 && p < 1<<20 && parts < 1<<20 && limit < 1<<20 {
			j.Slots, j.TaskManagers = slots, p
			if got, _ := Decide(j, DefaultRules(), Memory{Parallelism: p, Bottleneck: "sink", Capacity: in}); got.TaskManagers < 1 {
				t.Errorf("%d TaskManagers", got.TaskManagers)
			}
		}
	})
}
