package demo

import "time"

// counter turns the readings of a count into a rate over the last while.
type counter struct {
	window   time.Duration
	readings []reading // in order; the first is the youngest that is a window old, once there is one
}

type reading struct {
	count int64
	at    time.Time
}

// see takes a reading and returns the growth per second over the window; nil while half a window has not been seen.
func (c *counter) see(count int64, now time.Time) *float64 {
	c.readings = append(c.readings, reading{count, now})
	for len(c.readings) > 1 && now.Sub(c.readings[1].at) >= c.window {
		c.readings = c.readings[1:]
	}
	first := c.readings[0]
	span := now.Sub(first.at)
	if span < c.window/2 {
		return nil
	}
	return new(float64(count-first.count) / span.Seconds())
}
