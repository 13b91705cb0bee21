package rest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Times is how subtasks have spent their time, in ms since they started. When they are Missing or Unusable the three are 0
// and mean nothing.
type Times struct {
	Busy, Idle, Backpressured float64
	Missing                   bool // Flink before 1.16 does not add them up
	Unusable                  bool // NaN or Infinity: the busy time of a source of the old kind
}

// Total is the time since the subtasks started.
func (t Times) Total() float64 { return t.Busy + t.Idle + t.Backpressured }

func timesOf(busy, idle, backpressured *number) Times {
	switch {
	case busy == nil || idle == nil || backpressured == nil:
		return Times{Missing: true}
	case !busy.finite() || !idle.finite() || !backpressured.finite():
		return Times{Unusable: true}
	}
	return Times{Busy: float64(*busy), Idle: float64(*idle), Backpressured: float64(*backpressured)}
}

// counters is the metrics of a subtask, or the sums of all of a vertex's.
type counters struct {
	Busy          *number `json:"accumulated-busy-time"`
	Idle          *number `json:"accumulated-idle-time"`
	Backpressured *number `json:"accumulated-backpressured-time"`
	RecordsIn     *number `json:"read-records"`
	RecordsOut    *number `json:"write-records"`

	// Whether every subtask's number is in it. The times have none of their own: they arrive together with the rest.
	BytesInComplete    bool `json:"read-bytes-complete"`
	BytesOutComplete   bool `json:"write-bytes-complete"`
	RecordsInComplete  bool `json:"read-records-complete"`
	RecordsOutComplete bool `json:"write-records-complete"`
}

func (c counters) times() Times { return timesOf(c.Busy, c.Idle, c.Backpressured) }

// records are 0 unless they are complete.
func (c counters) records() (in, out float64, complete bool) {
	complete = c.RecordsIn.finite() && c.RecordsOut.finite() &&
		c.BytesInComplete && c.BytesOutComplete && c.RecordsInComplete && c.RecordsOutComplete
	if !complete {
		return 0, 0, false
	}
	return float64(*c.RecordsIn), float64(*c.RecordsOut), true
}

// number is a JSON number, or one of the strings that Flink writes for doubles: "1.5", "NaN", "Infinity".
type number float64

func (n *number) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%.40s is not a number", data)
	}
	*n = number(value)
	return nil
}

func (n *number) finite() bool {
	return n != nil && !math.IsNaN(float64(*n)) && !math.IsInf(float64(*n), 0)
}
