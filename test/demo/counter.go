package demo

import "time"

// counter turns the readings of a count that grows now and then into a rate.
type counter struct {
	known bool
	count int64     // the latest reading
	at    time.Time // when it last changed
	rate  *float64
}

// unchangedAfter is how long a count may stand still before its rate is 0: the sample's job commits every 10 s.
const unchangedAfter = 25 * time.Second

// see takes a reading and returns the growth per second over the time since the count had last changed; nil while there
// was no growth to measure yet.
func (c *counter) see(count int64, now time.Time) *float64 {
	switch {
	case !c.known:
		c.known, c.count, c.at = true, count, now
	case count != c.count:
		c.rate = new(float64(count-c.count) / now.Sub(c.at).Seconds())
		c.count, c.at = count, now
	case c.rate != nil && now.Sub(c.at) > unchangedAfter:
		c.rate = new(0.0)
	}
	return c.rate
}
