package collect

import "time"

// Meter is told what a loop does.
type Meter interface {
	// Polled is told how long each round took in which there was something to poll.
	Polled(took time.Duration)
}

// OldestSample is the age of the oldest value that the loop holds; ok is false while it holds none. Reasons why there is
// no value have no age.
func (l *Loop[K, V]) OldestSample() (age time.Duration, ok bool) {
	oldest, ok := l.store.Oldest()
	if !ok {
		return 0, false
	}
	return l.opts.Clock.Since(oldest), true
}

// unmetered is the Meter of a loop that has none.
type unmetered struct{}

func (unmetered) Polled(time.Duration) {}
