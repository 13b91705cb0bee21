package desired

import (
	"math"
	"time"
)

// plant is a job under a load, as the demo has it: a Kafka source of 12 partitions, and behind it, by key, work of which a subtask
// does 400 records a second. Time goes in whole seconds. A restart takes it back to its last checkpoint.
type plant struct {
	conditions
	load     func(t float64) float64 // records written by t
	now      int                     // s
	pods     []int                   // when each TaskManager was started
	p        int                     // parallelism it runs at
	down     int                     // runs again at
	changed  int                     // ran again at, last
	restarts int

	processed, saved float64   // records: by the job, and in its last completed checkpoint
	savedAt          int       // when that was triggered
	committedAt      int       // when it was completed
	pending          float64   // records in the checkpoint under way
	pendingAt        int       // when that was triggered; 0: none is
	past             []float64 // processed, by second
}

// conditions differ from run to run of the same; all are seconds.
type conditions struct {
	podStart   int // until a TaskManager is registered
	restarting int
	slow       int // that a checkpoint takes under back-pressure, else 1
	every      int // between two looks of the HPA
}

const (
	subtaskRate    = 400.0
	podStart       = 6  // s until a TaskManager is registered
	stabilisation  = 10 // s from then on in which others may come: executing.resource-stabilization-timeout
	cooldown       = 30 // s between rescales: scaling-interval.min
	restartTakes   = 3  // s
	checkpointing  = 10 // s between checkpoints
	partitionCount = 12
	keyGroups      = 128
)

// step is one second.
func (s *plant) step() {
	s.now++
	registered, waited := s.registered()
	completed := s.checkpoint()
	switch {
	case registered < s.p: // lost: it restarts at once
		s.restart(registered)
	case registered > s.p && completed && waited >= stabilisation && s.now-s.changed >= cooldown:
		s.restart(registered)
	}
	if s.now >= s.down {
		s.processed = min(s.processed+subtaskRate*shares(keyGroups).even(s.p), s.load(float64(s.now)))
	}
	s.past = append(s.past, s.processed)
}

// registered is how many TaskManagers are, and how long the first of those that the job doesn't use is.
func (s *plant) registered() (n, waited int) {
	for _, started := range s.pods {
		if up := s.now - started - s.podStart; up >= 0 {
			if n++; n > s.p {
				waited = max(waited, up)
			}
		}
	}
	return n, waited
}

// checkpoint triggers and completes checkpoints, and tells whether one completed just now.
func (s *plant) checkpoint() bool {
	takes := 1
	if s.lag() > subtaskRate {
		takes = s.slow
	}
	switch {
	case s.now < s.down:
	case s.pendingAt == 0 && s.now-max(s.savedAt, s.down) >= checkpointing:
		s.pending, s.pendingAt = s.processed, s.now
	case s.pendingAt > 0 && s.now-s.pendingAt >= takes:
		s.saved, s.savedAt, s.committedAt, s.pendingAt = s.pending, s.pendingAt, s.now, 0
		return true
	}
	return false
}

func (s *plant) restart(p int) {
	s.p, s.processed = max(p, 1), s.saved
	s.down = s.now + s.restarting
	s.changed, s.pendingAt = s.down, 0
	s.restarts++
}

// scale gives it so many TaskManagers; the newest go first.
func (s *plant) scale(replicas int) {
	for len(s.pods) < replicas {
		s.pods = append(s.pods, s.now)
	}
	s.pods = s.pods[:replicas]
}

func (s *plant) lag() float64          { return s.load(float64(s.now)) - s.processed }
func (s *plant) committedLag() float64 { return s.load(float64(s.now)) - s.saved }

// rate is how fast it read over the last so many seconds.
func (s *plant) rate(window int) float64 {
	return (s.past[len(s.past)-1] - s.past[len(s.past)-1-window]) / float64(window)
}

// blind is how long after a change nothing can be said of it: 20 s to settle, and a window of 20 s; positions are up to 10 s old.
const (
	seen   = 20
	blind  = 20 + seen
	oldest = 10
)

func (s *plant) visible() bool {
	registered, _ := s.registered()
	return s.now-s.changed >= blind && registered == s.p // else a rescale is due
}

func (s *plant) busy() float64 { return s.rate(seen) / (subtaskRate * float64(s.p)) }

func (s *plant) job() Job {
	reads := s.rate(seen)
	now := start.Add(time.Duration(s.now) * time.Second)
	position := s.past[len(s.past)-1-oldest]
	j := Job{
		Now: now, Changed: start.Add(time.Duration(s.changed) * time.Second), TaskManagers: s.p, Slots: 1,
		Checkpoints: &Checkpoints{Enabled: true, Interval: checkpointing * time.Second, Timeout: 10 * time.Minute,
			Completed: start.Add(time.Duration(s.savedAt) * time.Second)},
		Vertices: []Vertex{
			source(s.p, .01*reads/subtaskRate, reads, partitions(partitionCount),
				arrival((s.load(float64(s.now))-s.load(float64(s.now-seen)))/seen), rise(s.rise()), backlog(s.load(float64(s.now))-position)),
			sink(s.p, s.busy(), reads, keyed, maxParallelism(keyGroups), hottest(min(1, s.busy()*float64(s.p)/shares(keyGroups).even(s.p)))),
		},
	}
	if s.restarts > 0 {
		j.Restart = time.Duration(s.restarting) * time.Second
	}
	return j
}

// rise is by how much the load grows each second: the least from one ten seconds to the next, in the last four.
func (s *plant) rise() float64 {
	least := math.Inf(1)
	for i := range 3 {
		at := float64(s.now - 10*i)
		least = min(least, (s.load(at)-2*s.load(at-10)+s.load(at-20))/100)
	}
	return max(least, 0)
}
