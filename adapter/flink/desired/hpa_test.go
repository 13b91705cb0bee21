package desired

import "math"

// autoscaler is the HPA. Its answers are a metric's wish for replicas, and whether there is one.
type autoscaler struct {
	up       float64 // factor in a minute, at least 4 more; 0: at once
	wait     int     // s in which the highest wish counts before it scales down
	halves   bool    // at most by half a minute
	wishes   []wish
	replicas []wish // what it set, and when
}

type wish struct{ at, replicas int }

func (a *autoscaler) look(now, current, want int, known bool) int {
	if !known {
		return current
	}
	a.wishes = append(a.wishes, wish{now, want})
	for _, w := range a.wishes {
		if now-w.at < a.wait && want < current {
			want = max(want, min(w.replicas, current))
		}
	}
	least, greatest := current, current
	for _, set := range a.replicas { // what it was in the last minute
		if now-set.at < 60 {
			least, greatest = min(least, set.replicas), max(greatest, set.replicas)
		}
	}
	if a.up > 0 {
		want = min(want, max(int(float64(least)*a.up), least+4))
	}
	if a.halves {
		want = max(want, int(math.Ceil(float64(greatest)/2)))
	}
	want = min(max(want, 1), 15)
	if want != current {
		a.replicas = append(a.replicas, wish{now, current})
	}
	return want
}

// outcome is what a run came to.
type outcome struct {
	podSeconds     int
	lag, committed float64 // most
	rescales       int
	reversals      int // changes in the other direction than the one before
}

// policy is what the HPA asks.
type policy func(*plant) (replicas int, known bool)

// run is the plant under the HPA for so many seconds from a single TaskManager that has run for a minute.
func run(load func(float64) float64, c conditions, hpa autoscaler, ask policy, seconds int) outcome {
	from := func(t float64) float64 {
		if t < 60 {
			return load(0)
		}
		return load(t - 60)
	}
	s := &plant{conditions: c, load: from, pods: []int{-60}, p: 1}
	var out outcome
	last := 0
	for s.now < 60+seconds {
		s.step()
		if s.now <= 60 {
			continue
		}
		want, known := ask(s)
		current := len(s.pods)
		next := hpa.look(s.now, current, want, known && s.now%s.every == 0)
		s.scale(next)
		if next != current {
			direction := 1
			if next < current {
				direction = -1
			}
			if direction == -last {
				out.reversals++
			}
			last = direction
		}
		out.podSeconds += len(s.pods)
		out.lag, out.committed = max(out.lag, s.lag()), max(out.committed, s.committedLag())
	}
	out.rescales = s.restarts
	return out
}

// byDesired asks for what Decide says, and for the last it said while nothing can be said.
func byDesired(rules Rules) policy {
	var memory Memory
	held, known := 0, false
	return func(s *plant) (int, bool) {
		if s.now%5 == 0 && s.visible() {
			var d Decision
			d, memory = Decide(s.job(), rules, memory)
			held, known = d.TaskManagers, true
		}
		return held, known
	}
}

// byLagAndBusy asks as the sample does: lag at commit, 12,000 for each; and busy for 0.7 of the time.
func byLagAndBusy(s *plant) (int, bool) {
	byLag, _ := byLag(s)
	current := len(s.pods)
	if !s.visible() {
		return byLag, byLag > current
	}
	want := current
	if ratio := s.busy() / .7; !tolerated(ratio) {
		want = int(math.Ceil(ratio * float64(current)))
	}
	return max(byLag, want), true
}

// byLag asks by the lag at commit alone.
func byLag(s *plant) (int, bool) {
	lag := s.load(float64(s.committedAt)) - s.saved
	if s.now-s.committedAt > checkpointing+s.slow { // the next commit is due
		lag = s.committedLag()
	}
	if tolerated(lag / 12000 / float64(len(s.pods))) {
		return len(s.pods), true
	}
	return max(int(math.Ceil(lag/12000)), 1), true
}

func tolerated(ratio float64) bool { return math.Abs(ratio-1) <= .1 }
