package desired

import "math"

// most is the largest parallelism that Flink knows: its upper bound of max parallelism.
const most = 1 << 15

// subtasks is the least number of subtasks that do the work of so many that are always busy.
func subtasks(work float64) int {
	if work >= most {
		return most
	}
	return max(int(math.Ceil(work-1e-9)), 1) // a rounding error asks for nothing
}

// shares is what a vertex's records are dealt out by: key groups, or the partitions that a source reads; 0: one by one.
type shares int

func (v Vertex) shares() shares {
	if v.isSource() {
		if v.Source == nil {
			return 0
		}
		return shares(max(v.Source.Partitions, 0))
	}
	for _, input := range v.Inputs {
		if input.Keyed {
			return shares(max(v.MaxParallelism, 0))
		}
	}
	return 0
}

func (v Vertex) shareName() string {
	if v.isSource() {
		return "partitions"
	}
	return "key groups"
}

// even is how many evenly loaded subtasks so many are as good as. The fullest of p subtasks holds ceil(s/p) of s shares
// and decides: 12 partitions over 5 subtasks leave one with 3 of them, as over 4.
func (s shares) even(p int) float64 {
	if s == 0 {
		return float64(p)
	}
	return float64(s) / float64(ceilDiv(int(s), p))
}

// least is the smallest parallelism that is as good as so many evenly loaded subtasks; where none is, the number of shares.
func (s shares) least(work float64) int {
	p := subtasks(work)
	switch {
	case s == 0 || p == 1:
		return p
	case p >= int(s):
		return int(s)
	}
	fullest := max(int(float64(s)/work+1e-9), 1)
	return ceilDiv(int(s), fullest)
}

// snap moves a parallelism to where the fullest subtask changes: down to the smallest one whose fullest subtask is as full, when that is as
// good as atMost evenly loaded subtasks, else up to the next where it really gets smaller. A step of more than half as many again
// is not made for the last per cent: it waits until the fullest subtask would have to do more than strained subtasks' work.
func (s shares) snap(p int, atMost, strained float64) int {
	if s == 0 || p >= int(s) {
		return p
	}
	fullest := ceilDiv(int(s), p)
	low := ceilDiv(int(s), fullest)
	if atMost <= s.even(low)+1e-9 || fullest == 1 {
		return low
	}
	next := ceilDiv(int(s), fullest-1)
	if 2*next > 3*p && strained <= s.even(low)+1e-9 {
		return low
	}
	return next
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
