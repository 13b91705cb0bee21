package sizing

import (
	"slices"
	"time"
)

// Part is what one part of the window saw. Sizes are bytes, of the TaskManager where they are largest.
type Part struct {
	Start   time.Time
	Live    int64 // heap in use when garbage had been collected; 0: not known
	Counted bool  // an old collection that the JVM counted left it
	AtMost  int64 // the least heap in use, whatever was collected
	Heap    int64 // of the TaskManager with most in use after garbage had been collected, as far as that is known
	Managed int64 // the most in use, as the next
	Network int64
}

// Watch takes in samples of a job's TaskManagers, and remembers a window of them in parts.
//
// The heap in use goes up and down with each collection of the young generation, so the least of many samples is what is in use after one. Of
// that, what is garbage of the old generation goes with the next old collection only:
//
//   - Where the JVM counts old collections, a part in which there was one, in its first half or in the second half of the part before, tells what
//     is live: the least since then.
//   - Where it doesn't, a part tells it whose least is the same as before to a hundredth of the heap, as no garbage piles up; or fell
//     by more than a tenth, as it was collected.
//   - In any other part what was live counts on, for a window at most, unless the heap is fuller by a tenth than it was before garbage was last
//     collected: what is new in it is live or garbage.
//
// A part tells what is live when that is so for the TaskManager that has most.
type Watch struct {
	length  time.Duration
	parts   []Part // whole ones, the oldest first
	start   time.Time
	running map[string]*heap // by TaskManager; of the part that is going on
}

// NewWatch goes on from parts that were remembered, the oldest first.
func NewWatch(rules Rules, parts []Part) *Watch {
	return &Watch{length: rules.part(), parts: slices.Clone(parts), running: map[string]*heap{}}
}

// See takes in a sample, and tells whether a part has ended with it.
func (w *Watch) See(s Sample) (ended bool) {
	start := s.At.Truncate(w.length)
	if !start.Equal(w.start) {
		ended = w.end(start)
	}
	h := w.running[s.TaskManager]
	if h == nil {
		h = &heap{}
		w.running[s.TaskManager] = h
	}
	h.see(s, start.Add(w.length/2))
	return ended
}

// Disturb forgets the part that is going on: the job restarted or was rescaled, and what it keeps is on its way back into the heap.
func (w *Watch) Disturb() {
	clear(w.running)
}

// end ends the part that is going on, if there is one, and begins the one at next.
func (w *Watch) end(next time.Time) (ended bool) {
	follows := w.start.Add(w.length).Equal(next)
	running := w.running
	w.running = map[string]*heap{}
	part, most := Part{Start: w.start}, int64(-1)
	for id, h := range running {
		if !h.whole(w.start, w.length) {
			if follows && h.samples > 0 {
				w.running[id] = &heap{last: h.last}
			}
			continue
		}
		live, counted, known := h.conclude(w.start, Parts*w.length)
		if live > most || live == most && known {
			most, part.Heap, part.Live, part.Counted = live, h.last.Max, 0, false
			if known {
				part.Live, part.Counted = live, counted
			}
		}
		part.AtMost = max(part.AtMost, h.least)
		part.Managed, part.Network = max(part.Managed, h.managed), max(part.Network, h.network)
		if follows {
			w.running[id] = &heap{last: h.last, told: h.told}
		}
	}
	w.start = next
	if part.AtMost == 0 {
		return false
	}
	w.parts = append(w.parts, part)
	return true
}

// Parts are those of the window that ends at now, the oldest first.
func (w *Watch) Parts(now time.Time) []Part {
	w.parts = slices.DeleteFunc(w.parts, func(p Part) bool { return now.Sub(p.Start) > Parts*w.length })
	return slices.Clone(w.parts)
}
