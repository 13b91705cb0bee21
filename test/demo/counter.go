package demo

import "time"

// counter turns the readings of a count that is refreshed now and then into a rate.
type counter struct {
	count *int64 // the latest reading
	at    time.Time
	rate  *float64
}

// unchangedAfter is how long a count may stand still before its rate is 0: Flink refreshes metrics every 10 s.
const unchangedAfter = 15 * time.Second

// see takes a reading and returns records per second since the count last changed; nil after it went back, as a job's does
// when it restarts from a checkpoint, until it has changed again.
func (c *counter) see(count *int64, now time.Time) *float64 {
	switch {
	case c.count == nil || *count < *c.count:
		c.count, c.at, c.rate = count, now, nil
	case *count > *c.count:
		c.rate = new(float64(*count-*c.count) / now.Sub(c.at).Seconds())
		c.count, c.at = count, now
	case now.Sub(c.at) > unchangedAfter:
		c.rate = new(0.0)
	}
	return c.rate
}
