package kafka

import (
	"slices"
	"time"
)

// LogReach is how far back a Log reaches once its topic has been asked for that long.
const LogReach = 3 * time.Minute

// missedLooks is how many intervals may lie between two looks. What a log did in a longer time nobody saw, and it is not made up.
const missedLooks = 4

// Log is where the partitions of a topic ended lately, by the isolation level of the cluster's consumers. It is never changed.
type Log struct {
	Topic string // Kafka's name for it
	Err   error  // why nothing is known; then all else means nothing. It wraps ErrNotFound when there is no such topic

	looks  []look  // at all partitions, the oldest first; one at least
	starts []int64 // log start offsets, or unknownStart
}

// look says where the log of each partition ended at one time. It is never changed.
type look struct {
	at   time.Time
	ends []int64
}

// Partitions is how many the topic has.
func (l Log) Partitions() int { return len(l.starts) }

// EndAt is the log end offset of a partition, 0 to Partitions()-1, at that time: in proportion between two looks, the newest
// known after the newest look, the oldest known before the oldest.
func (l Log) EndAt(partition int, at time.Time) int64 {
	i, exact := slices.BinarySearchFunc(l.looks, at, func(k look, at time.Time) int { return k.at.Compare(at) })
	switch {
	case i == len(l.looks):
		return l.looks[i-1].ends[partition]
	case exact || i == 0:
		return l.looks[i].ends[partition]
	}
	before, next := l.looks[i-1], l.looks[i]
	share := float64(at.Sub(before.at)) / float64(next.at.Sub(before.at))
	return before.ends[partition] + int64(share*float64(next.ends[partition]-before.ends[partition]))
}

// Seen says between which times EndAt is measured, on all partitions: the oldest and the newest look. It begins anew when
// partitions were added, when a log was cut off or created anew, and when nobody could look for several intervals.
func (l Log) Seen() (first, last time.Time) {
	if len(l.looks) == 0 {
		return time.Time{}, time.Time{}
	}
	return l.looks[0].at, l.looks[len(l.looks)-1].at
}

// Start is the log start offset of a partition, 0 to Partitions()-1, as it was at most metadataMaxAge ago. ok is false while
// nobody has asked for it.
func (l Log) Start(partition int) (offset int64, ok bool) {
	start := l.starts[partition]
	return start, start != unknownStart
}

// after is looks and one more, without those that LogReach has passed. Rounds for new keys may come close together:
// a look is replaced by the next one while both are within an interval of the one before, which bounds how many there are.
func after(looks []look, next look, interval time.Duration) []look {
	if n := len(looks); n > 0 && next.at.Sub(looks[n-1].at) > missedLooks*interval {
		looks = nil
	}
	for len(looks) > 1 && next.at.Sub(looks[1].at) >= LogReach {
		looks = looks[1:]
	}
	if n := len(looks); n > 1 && next.at.Sub(looks[n-2].at) < interval || n > 0 && !next.at.After(looks[n-1].at) {
		looks = looks[:n-1]
	}
	return append(slices.Clone(looks), next) // a Log holds the slice of before
}

// look adds what this round has read to what is known of the topics watched. Names that stand for the same topic share its Log.
func (c *Client) look(watched map[string]named, logs map[string]*log) map[string]Log {
	byTopic := map[string]Log{}
	known := make(map[string]Log, len(watched))
	for name, w := range watched {
		if w.err != nil {
			known[name] = Log{Err: w.err}
			continue
		}
		l, done := byTopic[w.topic]
		if !done {
			l = c.topics[w.topic].look(w.topic, logs[w.topic], c.opts.Interval)
			byTopic[w.topic] = l
		}
		known[name] = l
	}
	return known
}

func (t *topic) look(name string, l *log, interval time.Duration) Log {
	if l.err != nil {
		return Log{Topic: name, Err: l.err}
	}
	next := look{ends: make([]int64, len(l.partitions))}
	for i, e := range l.partitions {
		if e.err != nil {
			return Log{Topic: name, Err: e.err}
		}
		next.ends[i], next.at = e.end, later(next.at, e.at)
	}
	if n := len(t.looks); n > 0 && t.another(t.looks[n-1], next) {
		t.looks = nil
	}
	t.looks = after(t.looks, next, interval)
	return Log{Topic: name, looks: t.looks, starts: slices.Clone(t.starts)}
}

// another tells whether the second look isn't at the logs of the first: partitions came or went, or a log ends before where it did.
func (t *topic) another(first, second look) bool {
	anew := len(first.ends) != len(second.ends)
	for i := range min(len(first.ends), len(second.ends)) {
		if second.ends[i] < first.ends[i] {
			t.cutOff(int32(i))
			anew = true
		}
	}
	return anew
}

// pick is the answer to a LogsKey.
func pick(key Key, known map[string]Log) Group {
	names := key.names()
	group := Group{Logs: make(map[string]Log, len(names))}
	for _, name := range names {
		group.Logs[name] = known[name]
	}
	return group
}
