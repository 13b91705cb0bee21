package certs

import "time"

// first is a CA and its leaf, for a Secret that is empty.
func first(names []string, now time.Time) (state, error) {
	ca, err := newCA(names, now)
	if err != nil {
		return state{}, err
	}
	leaf, err := newLeaf(ca, names, now)
	return state{ca: ca, leaf: leaf}, err
}

// renew makes a new leaf of the same CA when it is due or asked for. done says what it did, and is empty for nothing.
func (s *state) renew(names []string, now time.Time) (done string, err error) {
	if !due(s.leaf, now) && s.asked != rotateLeaf {
		return "", nil
	}
	if s.leaf, err = newLeaf(s.ca, names, now); err != nil {
		return "", err
	}
	if s.asked == rotateLeaf {
		s.asked = ""
	}
	return "Made a new serving certificate", nil
}

// begins says that a step of a change of CA has only just begun: with a bundle that was written now, or at a time that nobody knows.
func (s *state) begins(written bool, now time.Time) bool {
	switch {
	case s.next != nil && written:
		return true
	case s.next != nil || s.previous != nil:
		return s.since.IsZero() || s.since.After(now.Add(skew))
	default:
		return false
	}
}

// advance takes the next step of a change of CA when its time has come, or the first one when a change is due or asked for. done says
// what it did, and is empty for nothing.
func (s *state) advance(names []string, now time.Time, overlap time.Duration) (done string, err error) {
	switch waits := now.Before(s.since.Add(overlap)); {
	case s.next == nil && s.previous == nil:
		if s.asked != rotateCA && !due(s.ca, now) {
			return "", nil
		}
		next, err := newCA(names, now)
		if err != nil {
			return "", err
		}
		s.next = &next
		return "Made the next CA", nil
	case waits:
		return "", nil
	case s.next != nil:
		leaf, err := newLeaf(*s.next, names, now)
		if err != nil {
			return "", err
		}
		*s = state{ca: *s.next, leaf: leaf, previous: s.ca.certPEM, since: now, asked: s.asked}
		return "Made a serving certificate of the next CA", nil
	default:
		s.previous, s.since = nil, time.Time{}
		if s.asked == rotateCA {
			s.asked = ""
		}
		return "Took away the previous CA", nil
	}
}
