package flink

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/sizing"
)

const mib = 1 << 20

// partOfRounds is how many rounds a part of the window takes.
const partOfRounds = 60

var memoryKey = Key{Cluster: ordersJob, Needs: NeedMemory}

// heapsBed is a bed that remembers what Sized heard last.
func heapsBed(t *testing.T) (b *bed, s *stub, sized *Sized) {
	b = newBed(t)
	s = b.stub("orders-0")
	sized = &Sized{}
	b.opts.Sized = func(now Sized) { *sized = now }
	return b, s, sized
}

// collect has an old collection in each TaskManager, soon after a part has begun.
func (b *bed) collect(s *stub, keys ...Key) map[Key]Job {
	b.t.Helper()
	part := minutes().Window / sizing.Parts
	for b.clock.Now().Truncate(part) == b.clock.Now().Add(interval).Truncate(part) {
		b.rounds(1, keys...)
	}
	b.rounds(10, keys...)
	s.change(func(s *stub) { s.heaps.old++ })
	return b.rounds(partOfRounds, keys...)
}

func TestMemoryIsAdvised(t *testing.T) {
	b, s, sized := heapsBed(t)
	wanted := Key{Cluster: ordersJob, Needs: needDesired | NeedMemory}
	job := b.rounds(1, memoryKey, wanted)[memoryKey]
	if err := job.Memory.Err; err == nil || !strings.HasPrefix(err.Error(), "the job's memory has not been watched for long enough") {
		t.Errorf("at first: %v, %v", job.Memory.Value, err)
	}
	s.change(func(s *stub) { s.heaps.larger = 100 })
	b.rounds(2*partOfRounds, memoryKey, wanted)
	jobs := b.collect(s, memoryKey, wanted)
	// 140 MiB of heap and 288 of all else: 64 + 32 + 128 + 64.
	const want = 428 * mib
	wantReading(t, "memory", jobs[memoryKey].Memory, want, nil)
	wantReading(t, "memory beside the desired number", jobs[wanted].Memory, want, nil)
	if at := jobs[memoryKey].Memory.Time; b.clock.Since(at) > sampleEvery {
		t.Errorf("it is of %s, now is %s", at, b.clock.Now())
	}
	advice := jobs[wanted].Explanation.Memory
	if advice == nil || advice.Process != want || advice.Live != 40*mib || !advice.Counted || advice.CurrentProcess != 700*mib || advice.CurrentHeap != 412*mib {
		t.Fatalf("advice %+v", advice)
	}
	const line = "memory of a TaskManager:\ntaskmanager.memory.process.size 428m advised, 700m now (saves 39%): 40m of 412m of heap live after old collections"
	if text := jobs[wanted].Explanation.Text(); !strings.Contains(text, line) {
		t.Errorf("the explanation lacks the memory:\n%s", text)
	}
	if jobs[memoryKey].Explanation.Memory != nil {
		t.Error("nobody asked for this explanation")
	}
	if sized.Cluster != ordersJob || sized.Err != nil || sized.Advice != *advice || !sized.Time.Equal(jobs[memoryKey].Memory.Time) || len(sized.Parts) != 3 ||
		sized.Fleet != (sizing.Fleet{Smallest: 600 * mib, Largest: 700 * mib}) {
		t.Errorf("told: %+v", sized)
	}
}

func TestTaskManagersAreAskedForTheirMemoryInTurn(t *testing.T) {
	b, s, _ := heapsBed(t)
	s.restart(3)
	b.rounds(23, memoryKey)
	s.change(func(s *stub) {
		if want := map[string]int{"tm-0": 4, "tm-1": 4, "tm-2": 4}; !maps.Equal(s.heaps.asked, want) {
			t.Errorf("asked %v, want %v", s.heaps.asked, want)
		}
	})
}

func TestOfManyTaskManagersSomeAreWatched(t *testing.T) {
	b, s, sized := heapsBed(t)
	s.restart(8) // a part is 30 samples, which are five of six
	b.rounds(2*partOfRounds, memoryKey)
	s.change(func(s *stub) {
		for _, id := range []string{"tm-6", "tm-7"} {
			if s.heaps.asked[id] > 0 {
				t.Errorf("%s is asked: %v", id, s.heaps.asked)
			}
		}
	})
	b.collect(s, memoryKey)
	if sized.Err != nil || len(sized.Parts) == 0 {
		t.Errorf("got %+v", sized)
	}
}

func TestARoundThatBeginsEarlyTakesItsSample(t *testing.T) {
	b, s, _ := heapsBed(t)
	b.rounds(1, memoryKey)
	b.each = func() { b.clock.SetTime(b.clock.Now().Add(-time.Millisecond)) }
	b.rounds(10, memoryKey)
	s.change(func(s *stub) {
		if got := s.heaps.turns; got != 6 {
			t.Errorf("%d samples in 50 s and at their beginning, want 6", got)
		}
	})
}

func TestARescaleDisturbsWhatIsWatched(t *testing.T) {
	b, s, sized := heapsBed(t)
	b.rounds(2*partOfRounds, memoryKey)
	b.collect(s, memoryKey)
	before := len(sized.Parts)
	for range 8 { // never a whole part
		b.rounds(partOfRounds/2, memoryKey)
		s.restart(s.taskManagers%3 + 1)
	}
	if after := len(sized.Parts); after > before+1 {
		t.Errorf("%d parts before and %d after", before, after)
	}
	b.rounds(3*partOfRounds, memoryKey)
	if after := len(sized.Parts); after < before+2 {
		t.Errorf("%d parts before, %d when it runs again", before, after)
	}
	wantReading(t, "memory", b.rounds(1, memoryKey)[memoryKey].Memory, 428*mib, nil)
}

func TestWhyThereIsNoMemoryAdvice(t *testing.T) {
	const nothingYet = "the job's memory has not been watched for long enough; it takes a whole part of flink.memory.window in which the job neither restarts nor is rescaled (an hour on the clock, by default)"
	tests := []struct {
		name    string
		watched bool // before
		change  func(*stub)
		want    string // without one there is advice
	}{
		{"TaskManagers without a size of their process", true, func(s *stub) { s.heaps.process = 0 },
			"a TaskManager does not tell how the memory of its process is divided; start it with taskmanager.memory.process.size"},
		{"a job that has not been watched yet", false, func(*stub) {}, nothingYet},
		{"options of the JobManager are read once", true, func(s *stub) { delete(s.heaps.options, "taskmanager.memory.managed.size") }, ""},
		{"options that are wrong", false, func(s *stub) { s.heaps.options["taskmanager.memory.managed.size"] = "x" },
			`the memory of the job's TaskManagers has not been looked at yet; option taskmanager.memory.managed.size of the JobManager: "x" is not a size of memory such as 1728m or 2g`},
		{"options that are not told", false, func(s *stub) { s.broken["/jobmanager/config"] = true },
			"the memory of the job's TaskManagers has not been looked at yet; GET /jobmanager/config: status 500 Internal Server Error"},
		{"a list that fails", false, func(s *stub) { s.broken["/taskmanagers"] = true },
			"the memory of the job's TaskManagers has not been looked at yet; GET /taskmanagers: status 500 Internal Server Error"},
		{"a TaskManager that fails", false, func(s *stub) { s.broken["/taskmanagers/tm-0"], s.broken["/taskmanagers/tm-1"] = true, true }, nothingYet + "; GET /taskmanagers/tm-"},
		{"TaskManagers that have just registered", false, func(s *stub) { s.heaps.young = true },
			nothingYet + "; GET /taskmanagers/tm-"},
		{"a TaskManager that fails takes nothing away from what is known", true, func(s *stub) { s.broken["/taskmanagers/tm-0/metrics"] = true }, ""},
		{"nor does a list", true, func(s *stub) { s.broken["/taskmanagers"] = true }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, s, sized := heapsBed(t)
			if test.watched {
				b.rounds(2*partOfRounds, memoryKey)
				b.collect(s, memoryKey)
			}
			s.change(test.change)
			memory := b.rounds(20, memoryKey)[memoryKey].Memory
			if test.want == "" {
				wantReading(t, "memory", memory, 428*mib, nil)
				return
			}
			if memory.Err == nil || !strings.HasPrefix(memory.Err.Error(), test.want) || sized.Err == nil {
				t.Errorf("got %v, %v\nwant %s", memory.Value, memory.Err, test.want)
			}
		})
	}
}

func TestTaskManagersOfOtherOptions(t *testing.T) {
	b, s, _ := heapsBed(t)
	b.opts.Remembered = func(Cluster) []sizing.Part {
		return []sizing.Part{{Start: b.clock.Now(), Live: 40 * mib, Counted: true, AtMost: 40 * mib}}
	}
	s.change(func(s *stub) { delete(s.heaps.options, "taskmanager.memory.managed.size") })
	const want = "the memory options of the JobManager are not those of its TaskManagers, so how theirs is divided can't be told; give both the same taskmanager.memory.* options"
	if err := b.rounds(3, memoryKey)[memoryKey].Memory.Err; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	// Another JobManager's are read.
	s.change(func(s *stub) { s.heaps.options["taskmanager.memory.managed.size"] = "0" })
	b.pods[0].Pod = "orders-1"
	wantReading(t, "memory", b.rounds(3, memoryKey)[memoryKey].Memory, 428*mib, nil)
}

func TestMemoryAdviceIsHeldWhileTheJobIsDown(t *testing.T) {
	b, s, _ := heapsBed(t)
	b.rounds(2*partOfRounds, memoryKey)
	before := b.collect(s, memoryKey)[memoryKey].Memory
	s.change(func(s *stub) { s.state = "RESTARTING" })
	held := b.rounds(10, memoryKey)[memoryKey].Memory
	wantReading(t, "memory", held, 428*mib, nil)
	if !held.Time.Equal(before.Time) {
		t.Errorf("it is of %s, want %s", held.Time, before.Time)
	}
	wantReading(t, "memory after flink.hold", b.rounds(4, memoryKey)[memoryKey].Memory, 0, errNotRunning)
	s.change(func(s *stub) { s.state = "RUNNING" })
	wantReading(t, "memory when it runs again", b.rounds(2, memoryKey)[memoryKey].Memory, 428*mib, nil)
}

func TestRememberedMemoryIsGoneOnWith(t *testing.T) {
	b, s, sized := heapsBed(t)
	from := b.clock.Now().Add(-time.Hour)
	b.opts.Remembered = func(c Cluster) []sizing.Part {
		if c != ordersJob {
			t.Errorf("asked for %s", c)
		}
		return []sizing.Part{{Start: from, Live: 40 * mib, Counted: true, AtMost: 40 * mib, Heap: 300 * mib}}
	}
	// Without the TaskManagers' sizes no advice follows from what is remembered.
	s.change(func(s *stub) { s.broken["/jobmanager/config"] = true })
	if memory := b.rounds(3, memoryKey)[memoryKey].Memory; memory.Err == nil {
		t.Errorf("advised %v of nothing", memory.Value)
	}
	s.change(func(s *stub) { s.broken["/jobmanager/config"] = false })
	wantReading(t, "memory", b.rounds(3, memoryKey)[memoryKey].Memory, 428*mib, nil)
	if len(sized.Parts) != 1 || !sized.Parts[0].Start.Equal(from) {
		t.Errorf("told %+v", sized)
	}
	b.rounds(3*partOfRounds, memoryKey)
	if len(sized.Parts) < 3 || !sized.Parts[0].Start.Equal(from) {
		t.Errorf("told %+v", sized.Parts)
	}
}

func TestAJobThatRanOutOfMemoryIsNoticed(t *testing.T) {
	b, s, sized := heapsBed(t)
	b.rounds(20, memoryKey)
	b.meter.take()
	if b.rounds(20, memoryKey); b.meter.take()[rest.RequestExceptions] != 0 {
		t.Error("a job that runs is asked why it failed")
	}
	out := b.clock.Now().Add(time.Second)
	s.change(func(s *stub) {
		s.state, s.heaps.failed, s.heaps.reason = "RESTARTING", out.UnixMilli(), ": Java heap space"
	})
	b.rounds(12, memoryKey)
	if asked := b.meter.take()[rest.RequestExceptions]; asked != 6 {
		t.Errorf("asked %d times in a minute, want 6", asked)
	}
	if !sized.Fleet.Failed.Equal(out) || sized.Fleet.Failure != "a task failed with an OutOfMemoryError (Java heap space)" {
		t.Errorf("told %+v", sized.Fleet)
	}
	s.change(func(s *stub) { s.state = "RUNNING" })
	s.restart(2)
	b.rounds(20, memoryKey)
	if !sized.Fleet.Failed.Equal(out) {
		t.Errorf("forgotten: %+v", sized.Fleet)
	}
	// One that goes by before anybody sees the job in trouble.
	out = b.clock.Now().Add(time.Second)
	s.change(func(s *stub) { s.heaps.failed, s.heaps.reason = out.UnixMilli(), "" })
	s.restart(2)
	b.rounds(2, memoryKey)
	if !sized.Fleet.Failed.Equal(out) || sized.Fleet.Failure != "a task failed with an OutOfMemoryError" {
		t.Errorf("told %+v", sized.Fleet)
	}
}
