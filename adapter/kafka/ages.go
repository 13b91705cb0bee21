package kafka

import (
	"context"
	"errors"
	"time"
)

const (
	// lookUpSteps bounds the requests to each leader in one round of look-ups. Each halves, at least every second time, the span of
	// time in which a record was written; what is learned stays for the next round.
	lookUpSteps = 12
	// ageError is the error allowed in an age, as a share of it.
	ageError = 20
)

var (
	errLookingUp    = errors.New("when its oldest unread record was written is being looked up, over a few rounds")
	errNoTimestamps = errors.New("when its oldest unread record was written can't be told: the topic's records have no timestamps")
)

// search is for the time at which the record at offset was written, in a partition whose trail doesn't tell it well enough.
type search struct {
	topic     string
	partition int32
	offset    int64
	trail     *trail
}

// lookUp finds, for the groups whose age is asked for, when their oldest unread records were written, as far as the trails don't tell:
// after a start, or a pause in the polls. It asks the leaders for the first record that isn't older than some time, for all
// partitions at once, and again with a better time.
func (c *Client) lookUp(ctx context.Context, standings []standing, logs map[string]*log) {
	searches := c.searches(standings, logs)
	for step := range lookUpSteps {
		var questions []*question
		asked := map[*trail]search{}
		left := searches[:0]
		for _, s := range searches {
			at, ok := s.guess(c.tolerance, c.opts.Clock.Now(), step%2 == 1)
			if !ok {
				continue
			}
			left = append(left, s)
			if _, twice := asked[s.trail]; !twice {
				asked[s.trail] = s
				questions = append(questions, &question{topic: s.topic, partition: s.partition, at: at.UnixMilli()})
			}
		}
		if searches = left; len(searches) == 0 || ctx.Err() != nil {
			return
		}
		c.listOffsets(ctx, questions, c.opts.Lag.IsolationLevel)
		failed := 0
		for _, q := range questions {
			s := asked[&c.topics[q.topic].trails[q.partition]]
			if q.err != nil || !s.take(q) {
				failed++
			}
		}
		if failed == len(questions) {
			return
		}
	}
}

func (c *Client) searches(standings []standing, logs map[string]*log) []search {
	var searches []search
	for _, s := range standings {
		if !s.asked.age {
			continue
		}
		for _, name := range s.topics() {
			for i, e := range logs[name].partitions {
				if e.err != nil {
					continue
				}
				next, _, err := s.at(name, i, e).next(c.opts.Lag, s.never())
				if err == nil && unread(e.end, next, c.opts.Lag) > 0 {
					searches = append(searches, search{name, int32(i), next, &c.topics[name].trails[i]})
				}
			}
		}
	}
	return searches
}

// tolerance is how far apart the two times may be between which a record of that age was written: two rounds, or a small
// part of the age.
func (c *Client) tolerance(age time.Duration) time.Duration {
	return max(2*c.opts.Interval, age/ageError)
}

// guess is the time to ask for next. ok is false when the trail tells enough.
func (s search) guess(tolerance func(age time.Duration) time.Duration, now time.Time, halve bool) (at time.Time, ok bool) {
	if s.trail.after(s.offset) == len(s.trail.marks) {
		return time.Time{}, false // another search on the partition has found a log that ends here
	}
	at, within, reached := s.trail.written(s.offset)
	switch {
	case !reached:
		return time.UnixMilli(0), true // the oldest record there is
	case within <= tolerance(now.Sub(at)):
		return time.Time{}, false
	}
	lo, hi, _ := s.trail.around(s.offset)
	if halve {
		at = lo.last.Add(within / 2)
	}
	// Timestamps are whole milliseconds. Strictly between the two the answer tells something new, whatever it is.
	return later(at.Truncate(time.Millisecond), lo.last.Truncate(time.Millisecond).Add(time.Millisecond)), hi.first.Sub(lo.last) > 2*time.Millisecond
}

// take puts the answer into the trail: records before q.offset are older than q.at, and that one was written at q.timestamp. It is
// false when the answer tells nothing.
func (s search) take(q *question) bool {
	at := time.UnixMilli(q.at)
	switch {
	case q.offset >= 0 && q.timestamp >= 0:
		s.trail.learn(q.offset, at, time.UnixMilli(q.timestamp))
		return true
	case q.at == 0:
		return false // not one record has a timestamp
	}
	if _, hi, ok := s.trail.around(s.offset); ok {
		s.trail.learn(hi.offset, at, hi.last) // all are older
		return true
	}
	return false
}

// oldest is when the record at offset was written, or why that isn't known.
func (c *Client) oldest(t *trail, offset int64, now time.Time) (time.Time, error) {
	at, within, ok := t.written(offset)
	switch {
	case !ok:
		return time.Time{}, errNoTimestamps
	case within > c.tolerance(now.Sub(at)):
		return time.Time{}, errLookingUp
	}
	return at, nil
}
