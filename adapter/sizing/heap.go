package sizing

import "time"

// heap is one TaskManager's in the part that is going on.
type heap struct {
	first, last    Sample // last may be of the part before
	anew           bool   // not seen in that
	samples        int
	least          int64
	collected      bool  // an old collection that counts was seen
	leastCollected int64 // since the first of those
	late           bool  // one was seen in the second half, for the next part
	leastLate      int64 // since the first of those
	managed        int64
	network        int64
	told           told
}

// told is what the parts before told of a heap.
type told struct {
	least     int64 // of the part before; 0: not seen all through it
	young     bool  // there was a young collection in that
	collected bool  // there was an old one in its second half
	leastLate int64 // since that
	live      int64 // when it was last known; 0: it never was
	counted   bool
	at        time.Time // the start of the part that told it
	proven    int64     // the least of the fullest part up to that one: what was in use beyond live was garbage
	since     int64     // the least of the fullest part after it
}

// Shares of the heap by which the least of a part is the same as that of another, and is another one.
const (
	same  = 0.01
	apart = 0.1
)

func (h *heap) see(s Sample, half time.Time) {
	collected := h.last.TaskManager != "" && s.Old > h.last.Old
	if h.samples == 0 {
		h.first, h.least, h.anew = s, s.Used, h.last.TaskManager == ""
		h.collected, h.leastCollected = h.told.collected, h.told.leastLate
	}
	switch {
	case !collected:
	case s.At.Before(half) && !h.collected:
		h.collected, h.leastCollected = true, s.Used
	case !s.At.Before(half) && !h.late:
		h.late, h.leastLate = true, s.Used
	}
	h.last, h.samples = s, h.samples+1
	h.least, h.leastCollected, h.leastLate = min(h.least, s.Used), min(h.leastCollected, s.Used), min(h.leastLate, s.Used)
	h.managed, h.network = max(h.managed, s.Managed), max(h.network, s.Network)
}

// leastSamples is how many samples a part takes to find what is in use after a collection.
const leastSamples = 3

// whole tells whether the heap was watched all through a part. One that was not seen before may have begun in it: there is little in it at first.
func (h *heap) whole(start time.Time, length time.Duration) bool {
	edge := length * 3 / 10
	return !h.anew && h.samples >= leastSamples && h.first.At.Sub(start) <= edge && start.Add(length).Sub(h.last.At) <= edge
}

// conclude ends the part that began at start: what is live in the heap, or at most when it is not known, and whether it is from an old
// collection that the JVM counted. What was live a window ago counts no more.
func (h *heap) conclude(start time.Time, window time.Duration) (live int64, counted, known bool) {
	t := &h.told
	live, counted, known = h.live()
	switch {
	case known:
		t.live, t.counted, t.at, t.proven, t.since = live, counted, start, max(t.proven, t.since, h.least), 0
	case t.live > 0 && start.Sub(t.at) <= window && float64(h.least-max(t.proven, t.live)) <= apart*float64(h.last.Max):
		live, counted, known = t.live, t.counted, true
	default:
		live = h.least
	}
	if t.at.Before(start) {
		t.since = max(t.since, h.least)
	}
	t.least, t.young, t.collected, t.leastLate = h.least, h.last.Young > h.first.Young, h.late, h.leastLate
	return live, counted, known
}

// live is what is live in the heap, whether that is from an old collection that the JVM counted, and whether this part tells it.
func (h *heap) live() (bytes int64, counted, known bool) {
	if h.collected {
		return h.leastCollected, true, true
	}
	if h.last.TellsOld || h.told.least == 0 || !h.told.young || h.last.Young == h.first.Young {
		return 0, false, false
	}
	change := float64(h.least-h.told.least) / float64(max(h.last.Max, 1))
	return h.least, false, change < -apart || change > -same && change < same
}
