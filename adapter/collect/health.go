package collect

import (
	"fmt"
	"time"
)

// missedRounds is how many intervals may pass without a turn of the loop before Alive complains.
const missedRounds = 4

func (l *Loop[K, V]) turn(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turned = now
}

// Started tells whether the loop has gone round at least once.
func (l *Loop[K, V]) Started() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turned.IsZero() {
		return fmt.Errorf("the %s loop has not started", l.opts.Name)
	}
	return nil
}

// Alive complains when a started loop has not turned for several intervals: it hangs, and only a restart helps.
func (l *Loop[K, V]) Alive() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if limit := missedRounds*l.opts.Interval + l.opts.Timeout; !l.turned.IsZero() && l.opts.Clock.Since(l.turned) > limit {
		return fmt.Errorf("the %s loop has not turned for more than %s", l.opts.Name, limit)
	}
	return nil
}
