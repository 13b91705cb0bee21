package kafka

import (
	"math"
	"sort"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

// written is a log as a broker keeps it: the time of each record, in seconds, by offset from start on.
type written struct {
	start int64
	times []float64
}

// first answers as ListOffsets by timestamp does: the first record that isn't older.
func (w written) first(q *question) {
	i := sort.Search(len(w.times), func(i int) bool { return at(w.times[i]).UnixMilli() >= q.at })
	q.offset, q.timestamp = -1, -1
	if i < len(w.times) {
		q.offset, q.timestamp = w.start+int64(i), at(w.times[i]).UnixMilli()
	}
}

// every makes n records, one each so many seconds.
func every(seconds float64, n int) []float64 {
	times := make([]float64, n)
	for i := range times {
		times[i] = float64(i) * seconds
	}
	return times
}

func TestLookUpsFindWhenARecordWasWritten(t *testing.T) {
	bursts := append(every(0.001, 5000), 50_000, 50_000.5, 86_000, 86_399)
	tests := []struct {
		name string
		log  written
		ages []float64 // in seconds before now, of the records looked for
		now  float64
	}{
		{"a steady log of an hour", written{start: 1000, times: every(0.5, 7200)}, []float64{10, 60, 1800, 3600}, 3600},
		{"a log of a week", written{times: every(60, 7*24*60)}, []float64{60, 7200, 86_400, 600_000}, 7 * 86_400},
		{"bursts and long silences", written{times: bursts}, []float64{86_398, 36_400, 400, 1}, 86_400},
		{"a log that nobody has written to for a day", written{times: every(1, 100)}, []float64{86_400, 86_350}, 86_400},
		{"one record", written{start: 7, times: []float64{50}}, []float64{50}, 100},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, age := range test.ages {
				i := sort.Search(len(test.log.times), func(i int) bool { return test.log.times[i] >= test.now-age })
				offset, age := test.log.start+int64(i), test.now-test.log.times[i]
				client := New(Options{Interval: pollInterval, Timeout: time.Second})
				trail := &trail{}
				trail.see(test.log.start+int64(len(test.log.times)), at(test.now)) // the adapter has just started
				s := search{offset: offset, trail: trail}
				steps := 0
				for ; ; steps++ {
					guess, more := s.guess(client.tolerance, at(test.now), steps%2 == 1)
					if !more || steps > 3*lookUpSteps {
						break
					}
					q := &question{at: guess.UnixMilli()}
					test.log.first(q)
					if !s.take(q) {
						t.Fatalf("age %v: nothing learned from %+v", age, q)
					}
				}
				oldest, err := client.oldest(trail, offset, at(test.now))
				got := at(test.now).Sub(oldest).Seconds()
				if err != nil || math.Abs(got-age) > max(10, age/ageError) {
					t.Errorf("age %v: got %v, %v", age, got, err)
				}
				if steps > 2*lookUpSteps {
					t.Errorf("age %v: took %d look-ups", age, steps)
				}
			}
		})
	}
}

func TestALogWithoutTimestampsHasNoAges(t *testing.T) {
	trail := looks(100, 150)
	s := search{offset: 40, trail: trail}
	if s.take(&question{at: 0, offset: -1, timestamp: -1}) {
		t.Error("something was learned")
	}
	if _, err := New(Options{Interval: pollInterval}).oldest(trail, 40, at(5)); err == nil {
		t.Error("the age of a record before all memory is known")
	}
}

func FuzzLookUps(f *testing.F) {
	f.Add(uint16(100), uint16(30), uint32(7))
	f.Add(uint16(1), uint16(0), uint32(0))
	f.Fuzz(func(t *testing.T, n, looked uint16, seed uint32) {
		log := written{start: 10}
		second := 0.0
		for i := range n {
			seed = seed*1664525 + 1013904223
			second += float64(seed>>20) / 100
			if i%7 == 0 {
				second += float64(seed >> 16)
			}
			log.times = append(log.times, second)
		}
		now := second + 1
		trail := &trail{}
		trail.see(log.start+int64(n), at(now))
		s := search{offset: log.start + int64(looked), trail: trail}
		client := New(Options{Interval: pollInterval})
		for step := range 200 {
			guess, more := s.guess(client.tolerance, at(now), step%2 == 1)
			if !more {
				if int(looked) >= len(log.times) {
					return
				}
				oldest, err := client.oldest(trail, s.offset, at(now))
				age := now - log.times[looked]
				if off := math.Abs(at(now).Sub(oldest).Seconds() - age); err != nil || off > max(10, age/ageError)+1 {
					t.Errorf("off by %v s at an age of %v: %v", off, age, err)
				}
				return
			}
			q := &question{at: guess.UnixMilli()}
			log.first(q)
			s.take(q)
		}
		t.Error("no end")
	})
}

func TestAgesAreLookedUpForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.commits["a"]["orders"] = map[int32]int64{0: 90, 1: 100}
	c.serve()
	client, key := c.client(), NewKey("a").WithAge()
	answer := func(offset int64, time time.Time) sarama.MockResponse {
		block := &sarama.OffsetResponseBlock{Offset: offset, Timestamp: time.UnixMilli()}
		return sarama.NewMockWrapper(&sarama.OffsetResponse{Version: 6, Blocks: map[string]map[int32]*sarama.OffsetResponseBlock{"orders": {0: block}}})
	}
	now := c.clock.Now()
	c.answersWith(1, map[string]sarama.MockResponse{"OffsetRequest": sarama.NewMockSequence(
		answer(100, now), answer(10, now.Add(-time.Hour)), answer(90, now.Add(-8*time.Second)))})
	total, err := client.Poll(t.Context(), []Key{key, NewKey("b")})[key].Value.Total(Choice{})
	if want := now.Add(-8 * time.Second); err != nil || total.Lag != 10 || !total.Oldest.Equal(want) {
		t.Errorf("got %+v, %v; want the oldest from %s", total, err, want)
	}
	// From here on the trail tells: the group is at the end when it was last looked at, and falls behind then.
	c.commits["a"]["orders"] = map[int32]int64{0: 100, 1: 100}
	c.serve()
	c.clock.Step(5 * time.Second)
	if total, err = client.Poll(t.Context(), []Key{key})[key].Value.Total(Choice{}); err != nil || !total.Oldest.IsZero() || total.AgeErr != nil {
		t.Errorf("with nothing unread: got %+v, %v", total, err)
	}
	c.ends["orders"] = 150
	c.serve()
	c.clock.Step(4 * time.Second)
	total, err = client.Poll(t.Context(), []Key{key})[key].Value.Total(Choice{})
	if want := c.clock.Now().Add(-4 * time.Second); err != nil || total.AgeErr != nil || !total.Oldest.Equal(want) {
		t.Errorf("with records of the last 4 s unread: got %+v, %v; want the oldest from %s", total, err, want)
	}
}
