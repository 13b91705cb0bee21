package kafka

import (
	"cmp"
	"slices"
	"time"
)

// maxMarks bounds a trail. Its newer half has every look at the log, some minutes at the usual interval; the older half thins
// out with age, so that a trail reaches far back with an error of a few hundredths of the age.
const maxMarks = 64

// mark says that a partition's log ended at offset from first to last, as far as anybody looked.
type mark struct {
	offset      int64
	first, last time.Time
}

// trail remembers when a partition's log end offset was seen where: offsets and times both rise.
type trail struct{ marks []mark }

// see adds a look at the log. An end below the last one means another log, one created anew or cut off: what was is forgotten,
// and anew is true.
func (t *trail) see(end int64, now time.Time) (anew bool) {
	if n := len(t.marks); n > 0 {
		last := &t.marks[n-1]
		if end == last.offset {
			last.last = now
			return false
		}
		if anew = end < last.offset; anew {
			t.marks = t.marks[:0]
		}
	}
	if len(t.marks) >= maxMarks {
		t.thin()
	}
	t.marks = append(t.marks, mark{end, now, now})
	return anew
}

// thin drops every second mark of the older half.
func (t *trail) thin() {
	kept := t.marks[:0]
	for i, m := range t.marks {
		if i >= len(t.marks)/2 || i%2 == 0 {
			kept = append(kept, m)
		}
	}
	t.marks = kept
}

// learn adds what a look-up by timestamp told: the log ended at offset from first to last. Producers may stamp records as they
// like; times that don't rise with the offsets are moved to where they do.
func (t *trail) learn(offset int64, first, last time.Time) {
	if len(t.marks) >= 2*maxMarks {
		t.thin()
	}
	i, known := slices.BinarySearchFunc(t.marks, offset, func(m mark, offset int64) int { return cmp.Compare(m.offset, offset) })
	if i == len(t.marks) {
		return // newer than what was asked for
	}
	if i > 0 {
		first = later(first, t.marks[i-1].last)
	}
	if known {
		if first.Before(t.marks[i].first) {
			t.marks[i].first = first
		}
		return
	}
	next := t.marks[i].first
	first = earlier(first, next)
	t.marks = slices.Insert(t.marks, i, mark{offset, first, earlier(later(first, last), next)})
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// written says when the record at offset was written: after the last look that didn't have it and before the first that did,
// in proportion. within is how far apart these two are. ok is false when memory doesn't reach back to offset.
func (t *trail) written(offset int64) (at time.Time, within time.Duration, ok bool) {
	lo, hi, ok := t.around(offset)
	if !ok {
		return time.Time{}, 0, false
	}
	within = hi.first.Sub(lo.last)
	share := float64(offset-lo.offset) / float64(hi.offset-lo.offset)
	return lo.last.Add(time.Duration(share * float64(within))), within, true
}

// around are the marks between which the record at offset was written.
func (t *trail) around(offset int64) (lo, hi mark, ok bool) {
	i := t.after(offset)
	if i == 0 || i == len(t.marks) {
		return mark{}, mark{}, false
	}
	return t.marks[i-1], t.marks[i], true
}

// after is the index of the first mark beyond offset.
func (t *trail) after(offset int64) int {
	i, _ := slices.BinarySearchFunc(t.marks, offset, func(m mark, offset int64) int {
		if m.offset <= offset {
			return -1
		}
		return 1
	})
	return i
}

// endAt is where the log ended at that time, in proportion between two looks. Before all memory it is the oldest end known.
func (t *trail) endAt(at time.Time) int64 {
	i, _ := slices.BinarySearchFunc(t.marks, at, func(m mark, at time.Time) int {
		if m.first.After(at) {
			return 1
		}
		return -1
	})
	switch {
	case len(t.marks) == 0:
		return 0
	case i == 0:
		return t.marks[0].offset
	}
	before := t.marks[i-1]
	if i == len(t.marks) || !at.After(before.last) {
		return before.offset
	}
	next := t.marks[i]
	share := float64(at.Sub(before.last)) / float64(next.first.Sub(before.last))
	return before.offset + int64(share*float64(next.offset-before.offset))
}
