// Package pulse tells whether a loop still turns, for liveness probes.
package pulse

import (
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

// Pulse of one loop. It is safe for concurrent use.
type Pulse struct {
	name   string
	within time.Duration
	clock  clock.PassiveClock
	last   atomic.Pointer[time.Time] // nil before the first beat
}

// New returns the pulse of a loop that begins a turn at least once within that time, whatever goes wrong in it.
func New(name string, within time.Duration, clock clock.PassiveClock) *Pulse {
	return &Pulse{name: name, within: within, clock: clock}
}

// Beat is called at the beginning of each turn.
func (p *Pulse) Beat() {
	now := p.clock.Now()
	p.last.Store(&now)
}

// Alive complains about a loop that began no turn in time since its first one: it hangs, and only a restart helps.
func (p *Pulse) Alive() error {
	if last := p.last.Load(); last != nil && p.clock.Since(*last) > p.within {
		return fmt.Errorf("the loop %s has not turned for more than %s", p.name, p.within)
	}
	return nil
}
