package load

import (
	"math"
	"testing"
	"time"
)

func TestShapes(t *testing.T) {
	sine := Sine{Min: 200, Max: 2400, Period: 240 * time.Second}
	step := Step{From: 200, To: 1500, At: time.Minute}
	for _, tc := range []struct {
		name        string
		shape       Shape
		at          time.Duration
		rate, total float64
	}{
		{"a sine starts at its lowest", sine, 0, 200, 0},
		{"a sine passes its mean after a quarter", sine, time.Minute, 1300, 1300*60 - 1100*240/(2*math.Pi)},
		{"a sine is highest after half a period", sine, 2 * time.Minute, 2400, 1300 * 120},
		{"a sine ends a period with its mean", sine, 4 * time.Minute, 200, 1300 * 240},
		{"a step starts low", step, 0, 200, 0},
		{"a step is low right before it", step, time.Minute - 1, 200, 200 * (60 - 1e-9)},
		{"a step is high from its moment on", step, time.Minute, 1500, 200 * 60},
		{"a step adds the high rate after it", step, 90 * time.Second, 1500, 200*60 + 1500*30},
		{"a step at 0 has no before", Step{From: 1, To: 7, At: 0}, 2 * time.Second, 7, 14},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.shape.Rate(tc.at); math.Abs(got-tc.rate) > 1e-6 {
				t.Errorf("Rate(%s) = %v, want %v", tc.at, got, tc.rate)
			}
			if got := tc.shape.Total(tc.at); math.Abs(got-tc.total) > 1e-6 {
				t.Errorf("Total(%s) = %v, want %v", tc.at, got, tc.total)
			}
		})
	}
}

func TestTotalIsTheIntegralOfRate(t *testing.T) {
	for _, shape := range []Shape{
		Sine{Min: 0, Max: 900, Period: 7 * time.Second},
		Sine{Min: 50, Max: 50, Period: time.Second},
		Step{From: 900, To: 3, At: 4 * time.Second},
	} {
		t.Run(shape.String(), func(t *testing.T) {
			const dt = time.Millisecond
			sum := 0.0
			for at := time.Duration(0); at < 10*time.Second; at += dt {
				sum += shape.Rate(at+dt/2) * dt.Seconds()
				if total := shape.Total(at + dt); math.Abs(total-sum) > 0.01 {
					t.Fatalf("Total(%s) = %v, the sum of the rates so far is %v", at+dt, total, sum)
				}
			}
		})
	}
}
