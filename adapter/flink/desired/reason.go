package desired

import (
	"fmt"
	"slices"
)

// Code names the kind of a Reason; it is a label value of a counter.
type Code string

// What decided. Each Decision begins with one of these.
const (
	Fits        Code = "fits"         // the current number is right, or near enough
	MoreNeeded  Code = "more_needed"  // a vertex needs more
	FewerNeeded Code = "fewer_needed" // no vertex needs so many
	Idle        Code = "idle"         // there is nothing to do
)

// What went into it.
const (
	CatchingUp              Code = "catching_up"                // a backlog is to be worked off
	Rising                  Code = "rising"                     // what arrives grows, so it is sized for later
	Spread                  Code = "spread"                     // key groups or partitions don't divide evenly
	LimitedByPartitions     Code = "limited_by_partitions"      // a source has no more partitions
	LimitedByMaxParallelism Code = "limited_by_max_parallelism" // a vertex can't be more parallel
	ArrivalUnknown          Code = "arrival_unknown"            // what a source reads stands for what arrives
	RateUnknown             Code = "rate_unknown"               // a vertex has yet to show how fast it is
	TimesUnknown            Code = "times_unknown"              // a vertex reports no times
	LimitedByQuota          Code = "limited_by_quota"           // a ResourceQuota has no room for more
	Skewed                  Code = "skewed"                     // one subtask has more to do than the others
	Waiting                 Code = "waiting"                    // a backlog, yet nobody is busy
)

// What was held. The number would have been another without.
const (
	HeldByBacklog           Code = "held_by_backlog"
	HeldByChange            Code = "held_by_change"
	HeldByGraph             Code = "held_by_graph"
	HeldByBackpressure      Code = "held_by_backpressure"
	HeldBySkew              Code = "held_by_skew"
	HeldByWaiting           Code = "held_by_waiting"
	HeldByCheckpointsOff    Code = "held_by_checkpoints_off"
	HeldByCheckpointFailed  Code = "held_by_checkpoint_failed"
	HeldByCheckpointAge     Code = "held_by_checkpoint_age"
	HeldByCheckpointsUnseen Code = "held_by_checkpoints_unseen"
	HeldByIneffective       Code = "held_by_ineffective"
	HeldByRoom              Code = "held_by_room"
)

// Codes are all there are.
func Codes() []Code {
	return []Code{
		Fits, MoreNeeded, FewerNeeded, Idle,
		CatchingUp, Rising, Spread, LimitedByPartitions, LimitedByMaxParallelism, LimitedByQuota, ArrivalUnknown, RateUnknown, TimesUnknown,
		Skewed, Waiting,
		HeldByBacklog, HeldByChange, HeldByGraph, HeldByBackpressure, HeldBySkew, HeldByWaiting, HeldByCheckpointsOff, HeldByCheckpointFailed, HeldByCheckpointAge,
		HeldByCheckpointsUnseen, HeldByIneffective, HeldByRoom,
	}
}

// Reason is why a number is what it is.
type Reason struct {
	Code Code   `json:"code"`
	Text string `json:"text"` // a clause; it stays the same as long as its cause does
}

// holdsUp is what follows from a reason why a job can't catch up: nor would more TaskManagers help it with what arrives.
func (r Reason) holdsUp() Reason {
	if r.Code == Skewed {
		return Reason{HeldBySkew, "more TaskManagers would leave the busiest subtask with as much to do"}
	}
	return Reason{HeldByWaiting, "more TaskManagers would wait too"}
}

// reasons are collected in the order in which they are told.
type reasons []Reason

func (r *reasons) add(code Code, text string, args ...any) {
	*r = append(*r, Reason{code, fmt.Sprintf(text, args...)})
}

// Has tells whether a reason of this kind is among those of the decision.
func (d Decision) Has(code Code) bool {
	return slices.ContainsFunc(d.Reasons, func(r Reason) bool { return r.Code == code })
}
