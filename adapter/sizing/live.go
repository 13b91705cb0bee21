package sizing

import "time"

// Live is what is known of M.
type Live struct {
	Bytes   int64
	AtMost  bool // it is the heap in use of parts that don't tell how much of that is live
	Counted bool // an old collection that the JVM counted left it
	Watched time.Duration
	Managed int64 // the most in use, as the next
	Network int64
}

// Live is what the parts of a window tell together: the largest M of those that know it. Without a part there is none.
//
// After the last of those the heap may fill with what is live as well as with garbage. The latter is assumed as far as it has been filled
// before it, and a tenth of the heap beyond; what it is filled with further is M at most.
func (r Rules) Live(parts []Part) (live Live, ok bool) {
	filled, since := int64(0), Part{} // before the last part that knows M, and the fullest one after it
	for _, p := range parts {
		live.Watched += r.part()
		live.Managed, live.Network = max(live.Managed, p.Managed), max(live.Network, p.Network)
		switch {
		case p.Live > 0:
			filled, since = max(filled, since.AtMost, p.AtMost, p.Live), Part{}
		case p.AtMost > since.AtMost:
			since = p
		}
		if p.Live > live.Bytes {
			live.Bytes, live.Counted = p.Live, p.Counted
		}
	}
	if live.Bytes == 0 || float64(since.AtMost-filled) > apart*float64(since.Heap) {
		live.Bytes, live.AtMost, live.Counted = max(since.AtMost, live.Bytes), true, false
	}
	return live, len(parts) > 0
}
