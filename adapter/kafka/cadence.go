package kafka

import (
	"slices"
	"time"
)

const (
	// usualGap is taken for the time between two commits until two have been seen. Checkpoint intervals are seldom longer.
	usualGap = time.Minute
	// keptGaps is how many gaps between commits are remembered. Their median doesn't mind a restart.
	keptGaps = 5
)

// cadence is a group's rhythm of commits, as its committed offsets showed it from round to round. Flink commits when a checkpoint
// completes, so between two commits the lag of a healthy job grows by all that arrives. Lag at commit leaves those arrivals
// out, for as long as the next commit isn't due, and no more of them than the group has shown that it can read.
type cadence struct {
	offsets map[string][]int64 // committed, in the latest round: topic -> partition -> offset
	watched time.Time          // the first round
	polled  time.Time          // the latest round

	last, before time.Time       // the latest round with a commit, and the one before that
	started      time.Time       // the first of the rounds in a row that had a commit, up to last
	gaps         []time.Duration // between commits, the newest last
	inARow       int             // rounds with a commit, up to the latest round

	covered [2]int64 // records that each of the latest two commits moved on by, the newest first
	commits int      // how many of them were seen
}

// observe takes a round's committed offsets. What it is given is kept and must not change. It returns which partitions' offsets moved
// since the round before.
func (c *cadence) observe(offsets map[string][]int64, now time.Time) func(topic string, partition int) bool {
	before := c.offsets
	moved := func(topic string, partition int) bool {
		return before != nil && offsetAt(before, topic, partition) != offsetAt(offsets, topic, partition)
	}
	event, covered := false, int64(0)
	for topic, partitions := range offsets {
		for i, offset := range partitions {
			if offset == None || !moved(topic, i) {
				continue
			}
			event = true
			if old := offsetAt(before, topic, i); old != None {
				covered += max(offset-old, 0)
			}
		}
	}
	if before == nil {
		c.watched = now
	}
	c.offsets, c.polled = offsets, now
	if event {
		c.commit(now, covered)
	} else {
		c.inARow = 0
	}
	return moved
}

func offsetAt(offsets map[string][]int64, topic string, partition int) int64 {
	if partitions := offsets[topic]; partition < len(partitions) {
		return partitions[partition]
	}
	return None
}

// commit notes a round with a commit. Two such rounds in a row are the two halves of one, seen while the subtasks were at it; more
// are a group that commits as often as it is looked at.
func (c *cadence) commit(now time.Time, covered int64) {
	c.inARow++
	c.before, c.last = c.last, now
	switch {
	case c.inARow == 2:
		c.covered[0] += covered
		return
	case c.inARow > 2:
		c.gap(now.Sub(c.before))
	case !c.started.IsZero():
		c.gap(now.Sub(c.started))
	}
	c.started = now
	c.covered = [2]int64{covered, c.covered[0]}
	c.commits++
}

func (c *cadence) gap(d time.Duration) {
	if len(c.gaps) == keptGaps {
		c.gaps = slices.Delete(c.gaps, 0, 1)
	}
	c.gaps = append(c.gaps, d)
}

// known tells whether lag at commit has a meaning: a commit was seen, or none for so long that there is nothing to wait for.
func (c *cadence) known() bool {
	return !c.last.IsZero() || c.polled.Sub(c.watched) >= usualGap
}

// horizon is the time up to which arrivals in a partition count as lag. Right after a commit that is now, and it stays there until
// the next commit is due: slack is how late that one may be. From then on it moves twice as fast as the clock, so that the
// lag rises without a jump and is the plain lag after twice the usual time.
func (c *cadence) horizon(moved bool, slack time.Duration) time.Time {
	from := c.last
	if c.inARow > 0 && !moved {
		from = c.before // the partition's own commit may be seen in the next round only
	}
	if moved || from.IsZero() {
		return c.polled
	}
	late := c.polled.Sub(from) - c.usual() - slack
	return earlier(from.Add(2*max(late, 0)), c.polled)
}

// excusable is how many records may be left out for having arrived since the latest commit: half as many again as the larger of the
// latest two commits covered. More than that the group has not shown that it can read in that time. ok is false while two
// commits have not been seen.
func (c *cadence) excusable() (records int64, ok bool) {
	most := max(c.covered[0], c.covered[1])
	return most + most/2, c.commits >= len(c.covered)
}

// usual is the median of the gaps.
func (c *cadence) usual() time.Duration {
	if len(c.gaps) == 0 {
		return usualGap
	}
	sorted := slices.Clone(c.gaps)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}
