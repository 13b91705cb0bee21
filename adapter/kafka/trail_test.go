package kafka

import (
	"testing"
	"time"
)

// at is a time of the tests, in seconds.
func at(seconds float64) time.Time {
	return time.UnixMilli(1_000_000_000).Add(time.Duration(seconds * float64(time.Second)))
}

// looks is a trail of looks at a log, from second 0 on, one every five seconds.
func looks(ends ...int64) *trail {
	t := &trail{}
	for i, end := range ends {
		t.see(end, at(float64(5*i)))
	}
	return t
}

func TestWhenARecordWasWritten(t *testing.T) {
	tests := []struct {
		name   string
		trail  *trail
		offset int64
		want   float64 // second
		within float64 // seconds
		not    bool
	}{
		{name: "right after the look that didn't have it", trail: looks(100, 150), offset: 100, want: 0, within: 5},
		{name: "in proportion between two looks", trail: looks(100, 150), offset: 125, want: 2.5, within: 5},
		{name: "after a quiet time not before its end", trail: looks(100, 100, 100, 101), offset: 100, want: 10, within: 5},
		{name: "further back", trail: looks(100, 150, 200, 250), offset: 160, want: 6, within: 5},
		{name: "before memory", trail: looks(100, 150), offset: 99, not: true},
		{name: "nothing is written there yet", trail: looks(100, 150), offset: 150, not: true},
		{name: "a log created anew has no past", trail: looks(100, 150, 20, 60), offset: 10, not: true},
		{name: "a log created anew from then on", trail: looks(100, 150, 20, 60), offset: 40, want: 12.5, within: 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, within, ok := test.trail.written(test.offset)
			if ok == test.not {
				t.Fatalf("known is %v", ok)
			}
			if ok && (!got.Equal(at(test.want)) || within.Seconds() != test.within) {
				t.Errorf("got %s within %s, want %s within %vs", got, within, at(test.want), test.within)
			}
		})
	}
}

func TestWhereALogEnded(t *testing.T) {
	trail := looks(100, 150, 150, 250) // at seconds 0, 5, 10 and 15
	for _, test := range []struct {
		name   string
		second float64
		want   int64
	}{
		{"at a look", 5, 150},
		{"while nothing was written", 7, 150},
		{"in proportion between two looks", 12.5, 200},
		{"at the last look", 15, 250},
		{"after the last look", 20, 250},
		{"before memory", -10, 100},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := trail.endAt(at(test.second)); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// A trail is bounded, and what it forgets costs little: an age is off by a small share of itself.
func TestATrailReachesFarBack(t *testing.T) {
	const hour = 3600 / 5
	trail := &trail{}
	for i := range int64(6 * hour) {
		trail.see(i*1000, at(float64(5*i)))
	}
	now := float64(5 * (6*hour - 1))
	if len(trail.marks) > maxMarks {
		t.Errorf("%d marks", len(trail.marks))
	}
	for _, age := range []float64{5, 60, 600, 3600} {
		offset := int64((now - age) / 5 * 1000)
		got, _, ok := trail.written(offset)
		if off := got.Sub(at(now - age)).Abs().Seconds(); !ok || off > max(0.05*age, 5) {
			t.Errorf("a record of %v s ago: known %v, off by %v s", age, ok, off)
		}
	}
}

func FuzzTrail(f *testing.F) {
	f.Add([]byte{10, 10, 0, 0, 200, 5}, int64(15), int64(3), uint16(7))
	f.Add([]byte{255, 0, 1}, int64(0), int64(900), uint16(0))
	f.Fuzz(func(t *testing.T, growth []byte, offset, learned int64, second uint16) {
		trail := &trail{}
		end, now := int64(0), 0.0
		for _, grown := range growth {
			end, now = end+int64(grown), now+5
			if grown == 255 {
				end = 1 // created anew
			}
			trail.see(end, at(now))
			trail.learn(learned, at(float64(second)), at(float64(second)+1))
		}
		for i, m := range trail.marks {
			if m.last.Before(m.first) || i > 0 && (m.offset <= trail.marks[i-1].offset || m.first.Before(trail.marks[i-1].last)) {
				t.Fatalf("mark %d is out of order: %+v", i, trail.marks)
			}
		}
		written, within, ok := trail.written(offset)
		if ok && (within < 0 || written.After(at(now))) {
			t.Errorf("offset %d: written %s within %s, it is %s", offset, written, within, at(now))
		}
	})
}
