package bench

import (
	"math"
	"slices"
	"time"
)

// timings are how long something took, in milliseconds, with and without something else: pairs by index.
type timings struct{ with, without []float64 }

// measurePairs does both by turns, and swaps their order with each pair, so that whatever changes with time changes both.
func measurePairs(n int, do func(with bool) (time.Duration, error)) (timings, error) {
	var t timings
	for i := range warmUpPairs + n {
		first := i%2 == 0
		var took [2]time.Duration
		for at, with := range []bool{first, !first} {
			var err error
			if took[at], err = do(with); err != nil {
				return timings{}, err
			}
		}
		if i < warmUpPairs {
			continue
		}
		if !first {
			took[0], took[1] = took[1], took[0]
		}
		t.with, t.without = append(t.with, milliseconds(took[0])), append(t.without, milliseconds(took[1]))
	}
	return t, nil
}

// added are the differences within the pairs.
func (t timings) added() []float64 {
	added := make([]float64, len(t.with))
	for i := range added {
		added[i] = t.with[i] - t.without[i]
	}
	return added
}

// quantile is the smallest of the values that at least the share q of them does not exceed. There is at least one value.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}
