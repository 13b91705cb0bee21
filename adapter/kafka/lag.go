package kafka

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// ErrNotFound is wrapped by every error that says that what was asked for isn't there, as opposed to out of reach.
var ErrNotFound = errors.New("not found")

// Topic is how far a group is behind on one topic, over all its partitions. All counts are of records.
type Topic struct {
	Committed bool      // the group has committed on it; else it was asked for by name
	Lag       int64     // between the committed offsets and the log end offsets
	Max       int64     // the largest part of Lag in one partition
	AtCommit  int64     // Lag without what arrived since the latest commit, while the next one isn't due
	Oldest    time.Time // when the oldest unread record was written; zero when nothing is unread
	AgeErr    error     // why Oldest isn't known
	Err       error     // why nothing is known; then all else but Committed means nothing
}

// Group is one consumer group at one moment, or the answer to a LogsKey. It is never changed.
type Group struct {
	Topics      map[string]Topic
	AtCommitErr error          // why AtCommit isn't known
	Logs        map[string]Log // by name as asked for, of a LogsKey alone
}

// Choice says which topics to add up: by name, or by pattern among those that the group has committed, or all of the latter.
type Choice struct {
	Names   []string
	Pattern *regexp.Regexp
}

// Total is a group's lag over some topics; see Topic.
type Total struct {
	Lag, Max, AtCommit  int64
	Oldest              time.Time
	AtCommitErr, AgeErr error
}

// Total adds up the topics chosen. It is the whole sum or an error, which wraps ErrNotFound when there is nothing to add up.
func (g Group) Total(choice Choice) (Total, error) {
	names, err := g.choose(choice)
	if err != nil {
		return Total{}, err
	}
	var total Total
	for _, name := range names {
		topic, ok := g.Topics[name]
		switch {
		case !ok:
			return Total{}, fmt.Errorf("%w: the group has committed nothing on topic %q; Flink commits when a checkpoint completes", ErrNotFound, name)
		case topic.Err != nil:
			return Total{}, fmt.Errorf("topic %q: %w", name, topic.Err)
		case topic.AgeErr != nil && total.AgeErr == nil:
			total.AgeErr = fmt.Errorf("topic %q: %w", name, topic.AgeErr)
		}
		total.Lag += topic.Lag
		total.Max = max(total.Max, topic.Max)
		total.AtCommit += topic.AtCommit
		if !topic.Oldest.IsZero() && (total.Oldest.IsZero() || topic.Oldest.Before(total.Oldest)) {
			total.Oldest = topic.Oldest
		}
	}
	if total.Lag > 0 {
		total.AtCommitErr = g.AtCommitErr // nothing unread is nothing unread at any time
	}
	return total, nil
}

func (g Group) choose(choice Choice) ([]string, error) {
	if len(choice.Names) > 0 {
		return choice.Names, nil
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(g.Topics)) {
		if g.Topics[name].Committed && (choice.Pattern == nil || choice.Pattern.MatchString(name)) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 0:
		return names, nil
	case choice.Pattern != nil:
		return nil, fmt.Errorf("%w: the group has committed nothing on a topic that matches %q", ErrNotFound, choice.Pattern)
	}
	return nil, errNothingCommitted
}

// None stands for the committed offset of a partition on which the group has committed nothing.
const None int64 = -1

// unknownStart stands for a log start offset that nobody has asked for yet. A commit isn't before it.
const unknownStart int64 = -1

// position is where a group stands in one partition.
type position struct {
	committed  int64 // offset of the next record to read, as committed; or None
	start, end int64 // log start offset, or unknownStart; and log end offset, asked for after committed
}

// next is the offset of the next record that the group will read, by the rules where the committed offset isn't it, and how
// many records before it are gone unread. never says that the group has committed nothing at all.
func (p position) next(rules config.Lag, never bool) (offset, lost int64, err error) {
	switch {
	case p.committed == None && never:
		offset, err = p.by(rules.UncommittedGroup, errNothingCommitted)
	case p.committed == None:
		offset, err = p.by(rules.UncommittedPartition, errUncommittedPartition)
	case p.committed < p.start:
		lost = p.start - p.committed
		offset, err = p.by(rules.BeforeLogStart, errBeforeLogStart)
	case p.committed > p.end:
		offset, err = p.by(rules.PastLogEnd, errPastLogEnd)
	default:
		offset = p.committed
	}
	return offset, lost, err
}

func (p position) by(rule config.Choice, otherwise error) (int64, error) {
	switch rule {
	case config.Earliest:
		return max(p.start, 0), nil
	case config.Latest:
		return p.end, nil
	}
	return 0, otherwise
}

// needsStart tells whether the rules can't place the group without the log start offset as it is now.
func (p position) needsStart(rules config.Lag, never bool) bool {
	switch {
	case p.committed == None && never:
		return rules.UncommittedGroup == config.Earliest
	case p.committed == None:
		return rules.UncommittedPartition == config.Earliest
	case p.committed > p.end:
		return rules.PastLogEnd == config.Earliest
	}
	// Retention may be about to pass a group that stands in the oldest tenth of the log.
	return p.start != unknownStart && p.committed < p.end && p.committed < p.start+(p.end-p.start)/10
}

// unread is the number of records from next on: none within the dead band.
func unread(end, next int64, rules config.Lag) int64 {
	lag := max(end-next, 0) // a log start that was asked for last may be past the end
	if lag <= rules.DeadBand {
		return 0
	}
	return lag
}

var (
	errUnknownGroup         = fmt.Errorf("%w: no broker knows the group; it appears with its first commit, and Flink commits when a checkpoint completes", ErrNotFound)
	errNothingCommitted     = fmt.Errorf("%w: the group has never committed an offset; Flink commits when a checkpoint completes", ErrNotFound)
	errUncommittedPartition = errors.New("the group has committed nothing on one of its partitions, and lag.uncommittedPartition of the cluster is error")
	errBeforeLogStart       = errors.New("records were deleted before the group had read them, and lag.beforeLogStart of the cluster is error")
	errPastLogEnd           = errors.New("the group's committed offset is past the log's end, so the topic may have been created anew; " +
		"that heals with the group's next commit, or set lag.pastLogEnd of the cluster")
	errNoCommitSeen = errors.New("the group's lag at commit is known with its next commit, or when none comes within a minute")
)
