package desired

// work is what a vertex has to do, in subtasks that would always be busy with it.
type work struct {
	arrival float64 // of what arrives
	backlog float64 // to work off the backlog within the catch-up time
	restart float64 // to work off what arrives during a restart, likewise
}

// at is the work of a vertex that is to spend that share of its time on what arrives. The catch-up terms are not divided by the
// share: a subtask that catches up may be busy all its time.
func (w work) at(utilization float64) float64 {
	if w.arrival == 0 {
		return w.backlog
	}
	return w.arrival/utilization + w.backlog
}

// span is what a vertex, or the job, asks for in subtasks or TaskManagers: fit, when it has fewer than low or more than
// high. Always low <= fit <= high, and each rises with the rate of arrival; so what fits stays.
type span struct{ low, fit, high int }

func (s span) keeps(n int) bool { return s.low <= n && n <= s.high }

// widest is what satisfies both: they share their slots, so the larger one decides.
func (s span) widest(other span) span {
	return span{max(s.low, other.low), max(s.fit, other.fit), max(s.high, other.high)}
}

// need is what a vertex needs.
type need struct {
	flow
	unknown bool // records arrive and none came through: how fast it is can't be told
	work    work
	asked   float64 // subtasks for the fit, before spread and limit
	span
	limited bool // its limit leaves it fewer than it needs
}

func measure(f flow, rules Rules, restart float64) need {
	n := need{flow: f}
	switch rate := f.rate(); {
	case f.Timeless:
	case f.RecordsIn == 0 && f.target > 0:
		n.unknown = true
	case f.RecordsIn == 0:
		n.work.arrival = f.own()
	case rate > 0:
		n.work.arrival, n.work.backlog = f.take/rate, f.catchUp/rate
	}
	n.work.restart = rules.perCatchUp(n.work.arrival * restart)
	n.span = n.fits(rules)
	return n
}

// rate is that of one subtask that is always busy, in records per second; 0: not measured.
func (v Vertex) rate() float64 {
	if v.Timeless || v.Busy == 0 {
		return 0
	}
	return v.RecordsIn / float64(v.Parallelism) / v.Busy
}

// own is the work of a vertex that reads nothing, a timer's say: it doesn't come and go with records.
func (v Vertex) own() float64 { return v.Busy * float64(v.Parallelism) }

// limit is how parallel a vertex can be to any use, and whether that is its partitions' number; 0: there is no limit.
func (v Vertex) limit() (limit int, partitions bool) {
	limit = max(v.MaxParallelism, 0)
	if v.Source != nil && v.Source.Partitions > 0 && (limit == 0 || v.Source.Partitions < limit) {
		return v.Source.Partitions, true
	}
	return limit, false
}

// fits is the span of the vertex: from where its fullest subtask is busy with what arrives for UtilizationMax of its time, to where
// the mean one is for UtilizationMin and has capacity for a restart besides. A vertex that read nothing asks for no more than it has: nothing says
// that it would help.
func (n *need) fits(rules Rules) span {
	if n.unknown {
		return span{1, n.Parallelism, n.Parallelism}
	}
	n.asked = n.work.at(rules.Utilization) + n.work.restart
	limit, _ := n.limit()
	if limit > 0 {
		n.limited = subtasks(max(n.asked, n.busyWithTarget()/rules.Utilization)) > limit
	} else {
		limit = most
	}
	if n.RecordsIn == 0 {
		limit = min(limit, n.Parallelism)
	}
	atMost := n.work.at(rules.UtilizationMax)
	fit := n.shares().snap(subtasks(n.asked), atMost, n.work.at((rules.UtilizationMax+1)/2))
	return span{
		low:  min(n.shares().least(atMost), fit, limit),
		fit:  min(fit, limit),
		high: min(max(int(min(n.work.at(rules.UtilizationMin)+n.work.restart+1e-9, most)), fit), limit),
	}
}

// spread tells whether the number of its subtasks was moved to where the fullest one changes.
func (n *need) spread() bool {
	return n.asked > 0 && !n.limited && n.fit != subtasks(n.asked) && n.RecordsIn > 0
}

// busyWithTarget is the number of subtasks that would always be busy with what arrives.
func (n *need) busyWithTarget() float64 {
	if rate := n.rate(); rate > 0 {
		return n.target / rate
	}
	return n.work.arrival
}

// utilization is the share of its time that the fullest subtask is expected to be busy with what arrives, at the current parallelism.
// Above 1 it can't keep up.
func (n *need) utilization() *float64 {
	if n.unknown || n.Timeless {
		return nil
	}
	u := n.busyWithTarget() / n.shares().even(n.Parallelism)
	return &u
}

// skewFactor is how far above the mean the busy share of the busiest subtask lies before its keys or partitions are held to be uneven, beyond what
// dealing whole ones out to so many subtasks explains.
const skewFactor = 1.5

// skewed tells whether one subtask is at its limit while the others are not: more of them would not help it.
func (v Vertex) skewed(rules Rules) bool {
	return !v.Timeless && v.Hottest >= rules.UtilizationMax && v.Hottest > skewFactor*v.Busy*v.unevenness()
}

// unevenness is how much more than the mean the fullest subtask has to do because key groups or partitions are dealt out whole.
func (v Vertex) unevenness() float64 {
	return float64(v.Parallelism) / v.shares().even(v.Parallelism)
}

// fullest is the busy share of its fullest subtask: as seen, or as dealt.
func (v Vertex) fullest() float64 {
	if v.Timeless {
		return 0
	}
	return max(v.Hottest, min(v.Busy*v.unevenness(), 1))
}
