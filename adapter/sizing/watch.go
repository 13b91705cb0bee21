package sizing

import (
	"slices"
	"time"
)

// Part is what one part of the window saw. Sizes are bytes, of the TaskManager where they are largest.
type Part struct {
	Start   time.Time
	Live    int64 // heap in use when garbage had been collected; 0: not known
	Counted bool  // the JVM counted an old collection for it
	AtMost  int64 // the least heap in use, whatever was collected: Live is not more
	Heap    int64 // that Live or AtMost was seen in
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
//   - Any other part tells what is live at most.
type Watch struct {
	length  time.Duration
	parts   []Part // whole ones, the oldest first
	start   time.Time
	running map[string]*heap // by TaskManager; of the part that is going on
}

// heap is one TaskManager's in the part that is going on.
type heap struct {
	first, last     Sample // last may be of the part before
	samples         int
	least           int64
	collected       time.Time // when the first old collection that counts was seen; zero: none yet
	late            time.Time // of one in the second half, for the next part
	leastCollected  int64     // since collected
	managed         int64
	network         int64
	before          int64 // least of the part before; 0: not seen all through it
	youngBefore     bool  // there was a young collection in that
	collectedBefore time.Time
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

func (h *heap) see(s Sample, half time.Time) {
	collected := h.last.TaskManager != "" && s.Old > h.last.Old
	if h.samples == 0 {
		h.first, h.least = s, s.Used
		h.collected, h.leastCollected = h.collectedBefore, s.Used
	}
	if collected {
		switch {
		case !s.At.Before(half):
			h.late = s.At
		case h.collected.IsZero():
			h.collected, h.leastCollected = s.At, s.Used
		}
	}
	h.last, h.samples = s, h.samples+1
	h.least, h.leastCollected = min(h.least, s.Used), min(h.leastCollected, s.Used)
	h.managed, h.network = max(h.managed, s.Managed), max(h.network, s.Network)
}

// end ends the part that is going on, if there is one, and begins the one at next.
func (w *Watch) end(next time.Time) (ended bool) {
	follows := w.start.Add(w.length).Equal(next)
	running := w.running
	w.running = map[string]*heap{}
	part := Part{Start: w.start}
	for id, h := range running {
		if !h.whole(w.start, w.length) {
			continue
		}
		part.add(*h)
		if follows {
			w.running[id] = &heap{last: h.last, before: h.least, youngBefore: h.last.Young > h.first.Young, collectedBefore: h.late}
		}
	}
	w.start = next
	if part.AtMost == 0 {
		return false
	}
	w.parts = append(w.parts, part)
	return true
}

// leastSamples is how many samples a part takes to find what is in use after a collection.
const leastSamples = 3

// whole tells whether the heap was watched all through a part.
func (h *heap) whole(start time.Time, length time.Duration) bool {
	edge := length / 5
	return h.samples >= leastSamples && h.first.At.Sub(start) <= edge && start.Add(length).Sub(h.last.At) <= edge
}

func (p *Part) add(h heap) {
	p.Managed, p.Network = max(p.Managed, h.managed), max(p.Network, h.network)
	live, counted, known := h.live()
	if h.least > p.AtMost {
		p.AtMost = h.least
		if p.Live == 0 {
			p.Heap = h.last.Max
		}
	}
	if known && live > p.Live {
		p.Live, p.Counted, p.Heap = live, counted, h.last.Max
	}
}

// live is what is live in the heap, whether that is from an old collection that the JVM counted, and whether it is known.
func (h heap) live() (bytes int64, counted, known bool) {
	if !h.collected.IsZero() {
		return h.leastCollected, true, true
	}
	if h.last.TellsOld || h.before == 0 || !h.youngBefore || h.last.Young == h.first.Young {
		return 0, false, false
	}
	change := float64(h.least-h.before) / float64(max(h.last.Max, 1))
	return h.least, false, change < -0.1 || change > -0.01 && change < 0.01
}

// Parts are those of the window that ends at now, the oldest first.
func (w *Watch) Parts(now time.Time) []Part {
	w.parts = slices.DeleteFunc(w.parts, func(p Part) bool { return now.Sub(p.Start) > Parts*w.length })
	return slices.Clone(w.parts)
}

// Live is what is known of M.
type Live struct {
	Bytes   int64
	AtMost  bool // no part tells it, so it is the largest of what it is at most
	Counted bool // an old collection that the JVM counted left it
	Watched time.Duration
	Managed int64 // the most in use, as the next
	Network int64
}

// Live is what the parts of a window tell together: the largest M of those that know it. Without a part there is none.
func (r Rules) Live(parts []Part) (live Live, ok bool) {
	atMost := int64(0)
	for _, p := range parts {
		live.Watched += r.part()
		live.Managed, live.Network = max(live.Managed, p.Managed), max(live.Network, p.Network)
		atMost = max(atMost, p.AtMost)
		if p.Live > live.Bytes {
			live.Bytes, live.Counted = p.Live, p.Counted
		}
	}
	if live.Bytes == 0 {
		live.Bytes, live.AtMost = atMost, true
	}
	return live, len(parts) > 0
}
