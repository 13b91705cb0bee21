package kafka

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

var errFewerPartitions = errors.New("a partition has a commit but is not in the topic; it may have been created anew with fewer partitions")

// assess works out how far a group is behind, from what this round has read.
func (c *Client) assess(s standing, logs map[string]*log, now time.Time) Group {
	rhythm := c.cadences[s.group]
	if rhythm == nil {
		rhythm = &cadence{}
		c.cadences[s.group] = rhythm
	}
	moved := rhythm.observe(s.offsets(), now)
	group := Group{Topics: make(map[string]Topic, len(s.commits))}
	if !rhythm.known() {
		group.AtCommitErr = errNoCommitSeen
	}
	lost := map[string]int64{}
	for _, name := range s.topics() {
		if c.ignored(s, name, logs[name]) {
			continue
		}
		horizon := func(partition int) time.Time {
			return rhythm.horizon(moved(name, partition), 2*c.opts.Interval)
		}
		group.Topics[name], lost[name] = c.assessTopic(s, name, logs[name], horizon, now)
	}
	if most, ok := rhythm.excusable(); ok {
		group.excuse(most)
	}
	c.noteLost(s.group, lost)
	return group
}

// excuse leaves out of the lag at commit at most that many records of all topics together.
func (g Group) excuse(most int64) {
	excused := int64(0)
	for _, topic := range g.Topics {
		excused += topic.Lag - topic.AtCommit
	}
	if excused <= most {
		return
	}
	share := float64(most) / float64(excused)
	for name, topic := range g.Topics {
		topic.AtCommit = topic.Lag - int64(share*float64(topic.Lag-topic.AtCommit))
		g.Topics[name] = topic
	}
}

// ignored tells whether the rules leave the topic out: it is no more, and nobody asks for it by name.
func (c *Client) ignored(s standing, name string, l *log) bool {
	return c.opts.Lag.DeletedTopic == config.Ignore && errors.Is(l.err, errNoTopic) && !s.asked.names[name]
}

// assessTopic adds up the partitions. horizon is the time up to which arrivals in a partition count for the lag at commit.
func (c *Client) assessTopic(s standing, name string, l *log, horizon func(partition int) time.Time, now time.Time) (topic Topic, lost int64) {
	commit, committed := s.commits[name]
	topic.Committed = committed
	fail := func(err error) (Topic, int64) { return Topic{Committed: committed, Err: err}, 0 }
	switch {
	case commit.err != nil:
		return fail(commit.err)
	case l.err != nil:
		return fail(l.err)
	case len(commit.offsets) > len(l.partitions):
		return fail(errFewerPartitions)
	}
	for i, e := range l.partitions {
		if e.err != nil {
			return fail(e.err)
		}
		next, gone, err := s.at(name, i, e).next(c.opts.Lag, s.never())
		if err != nil {
			return fail(fmt.Errorf("partition %d: %w", i, err))
		}
		lost += gone
		lag := unread(e.end, next, c.opts.Lag)
		if lag == 0 {
			continue
		}
		trail := &c.topics[name].trails[i]
		topic.Lag += lag
		topic.Max = max(topic.Max, lag)
		topic.AtCommit += min(lag, unread(trail.endAt(horizon(i)), next, c.opts.Lag))
		if !s.asked.age {
			continue
		}
		oldest, err := c.oldest(trail, next, now)
		if err != nil {
			topic.AgeErr = fmt.Errorf("partition %d: %w", i, err)
		} else if topic.Oldest.IsZero() || oldest.Before(topic.Oldest) {
			topic.Oldest = oldest
		}
	}
	return topic, lost
}

// noteLost tells the meter of what has changed since the last round: records that were deleted before the group had read them.
func (c *Client) noteLost(group string, lost map[string]int64) {
	maps.DeleteFunc(lost, func(_ string, records int64) bool { return records == 0 })
	before := c.lost[group]
	for topic := range before {
		if _, still := lost[topic]; !still {
			c.meter.Lost(group, topic, 0)
		}
	}
	for topic, records := range lost {
		if before[topic] != records {
			c.meter.Lost(group, topic, records)
		}
	}
	if delete(c.lost, group); len(lost) > 0 {
		c.lost[group] = lost
	}
}

func partitionsOf(logs map[string]*log) int {
	n := 0
	for _, l := range logs {
		n += len(l.partitions)
	}
	return n
}
