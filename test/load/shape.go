// Package load produces records to a Kafka topic at a rate that follows a shape, and measures a topic and its groups.
package load

import (
	"math"
	"time"
)

// Shape is a rate of records over time. Both methods are pure; t is the time since the start, at or above 0.
type Shape interface {
	// Rate is the rate at t, in records per second.
	Rate(t time.Duration) float64
	// Total is the integral of Rate from 0 to t: how many records are due by t. It never falls as t grows.
	Total(t time.Duration) float64
	// String is the text that Parse turns into this shape.
	String() string
}

var (
	_ Shape = Sine{}
	_ Shape = Step{}
)

// Sine is a wave between two rates. It starts at its lowest, so that a job that starts with it has time to settle.
type Sine struct {
	// Min and Max are the lowest and the highest rate, in records per second.
	Min, Max float64
	// Period is the time from one trough to the next.
	Period time.Duration
}

// Rate implements Shape.
func (s Sine) Rate(t time.Duration) float64 {
	return s.mean() - s.amplitude()*math.Cos(s.angle(t))
}

// Total implements Shape.
func (s Sine) Total(t time.Duration) float64 {
	return s.mean()*t.Seconds() - s.amplitude()*math.Sin(s.angle(t))*s.Period.Seconds()/(2*math.Pi)
}

func (s Sine) mean() float64      { return (s.Min + s.Max) / 2 }
func (s Sine) amplitude() float64 { return (s.Max - s.Min) / 2 }

func (s Sine) angle(t time.Duration) float64 {
	return 2 * math.Pi * t.Seconds() / s.Period.Seconds()
}

// Step is one rate up to a moment, and another from then on.
type Step struct {
	// From and To are the rates before and after, in records per second.
	From, To float64
	// At is when the rate changes.
	At time.Duration
}

// Rate implements Shape.
func (s Step) Rate(t time.Duration) float64 {
	if t < s.At {
		return s.From
	}
	return s.To
}

// Total implements Shape.
func (s Step) Total(t time.Duration) float64 {
	before := min(t, s.At)
	return s.From*before.Seconds() + s.To*(t-before).Seconds()
}
