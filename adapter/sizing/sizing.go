// Package sizing works out how much memory the TaskManagers of a Flink job should have, from how much of their heaps is in use when garbage has
// been collected. It does no I/O and reads no clock.
//
// What counts is M: the heap in use after an old collection (one that collects the old generation too), at most over a day and over the
// TaskManagers. Three to four times as much heap lets the collector work at little cost; much more of it is paid for and not used. Flink's
// memory model turns that heap into taskmanager.memory.process.size.
package sizing

import (
	"fmt"
	"time"
)

// Rules say how advice is found and followed.
type Rules struct {
	// Window is what is looked back on. It is cut into Parts parts: advice needs one of them at least.
	Window time.Duration
	// Factor is how many times M the heap is to be, above 1.
	Factor float64
	// StepEvery is how long after one step the next one is taken, at the earliest.
	StepEvery time.Duration
	// BackOff is how long after running out of memory none is taken away again.
	BackOff time.Duration
}

// Parts is into how many parts a window is cut: of a day, hours.
const Parts = 24

// DefaultRules look at a day, advise the middle of three to four times M, and take a step a day.
func DefaultRules() Rules {
	return Rules{Window: 24 * time.Hour, Factor: 3.5, StepEvery: 24 * time.Hour, BackOff: 7 * 24 * time.Hour}
}

// Watches is how long a job is watched before its advice is told or followed.
func (r Rules) Watches() time.Duration { return min(r.Window, r.StepEvery) }

func (r Rules) part() time.Duration { return r.Window / Parts }

// MiB is the unit in which sizes are advised.
const MiB = 1 << 20

// Text is a size as Flink's options have it: 1728m. It is rounded up.
func Text(bytes int64) string { return fmt.Sprintf("%dm", ceilMiB(bytes)/MiB) }

func ceilMiB(bytes int64) int64 { return (bytes + MiB - 1) / MiB * MiB }
