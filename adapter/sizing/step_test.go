package sizing

import (
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	const day = 24 * time.Hour
	now := midnight()
	at := func(before time.Duration) time.Time { return now.Add(-before) }
	fleet := func(smallest, largest int64) Fleet { return Fleet{Smallest: smallest * MiB, Largest: largest * MiB} }
	ran := func(f Fleet, out time.Duration) Fleet {
		f.Failed, f.Failure = at(out), "pod tm-1 was OOMKilled"
		return f
	}
	state := func(mib int64, since time.Duration) State { return State{Process: mib * MiB, Since: at(since)} }
	all := func(s State, since time.Duration) State {
		s.All = at(since)
		return s
	}
	failed := func(s State, out time.Duration) State {
		s.Failed, s.Failure = at(out), "pod tm-1 was OOMKilled"
		return s
	}
	advice := func(mib, current int64) Advice {
		return Advice{Process: mib * MiB, CurrentProcess: current * MiB, Watched: day.Seconds()}
	}
	early := advice(300, 1000)
	early.Watched--
	none := Advice{}
	tests := []struct {
		name   string
		state  State
		fleet  Fleet
		advice Advice
		want   State
		why    string
	}{
		{"the first step goes to the advice when it is near", State{}, fleet(1000, 1000), advice(700, 1000), state(700, 0), "700m: a step from 1000m towards 700m"},
		{"a step takes away a third at most", State{}, fleet(1000, 1000), advice(300, 1000), state(667, 0), "667m: a step from 1000m towards 300m"},
		{"a step adds as much again at most", State{}, fleet(1000, 1000), advice(3000, 1000), state(2000, 0), "2000m: a step from 1000m towards 3000m"},
		{"it is taken from the largest TaskManager", State{}, fleet(500, 1000), advice(300, 1000), state(667, 0), "667m: a step from 1000m towards 300m"},
		{"no step is taken without advice", State{}, fleet(1000, 1000), none, State{}, "what the owner says: there is no advice"},
		{"nor before the job has been watched for a day", State{}, fleet(1000, 1000), early, State{}, "what the owner says: the job has to be watched for 24h0m0s"},
		{"nor is one taken back", state(700, 3*day), fleet(700, 700), none, state(700, 3*day), "700m: there is no advice"},
		{"nor for a fifth", State{}, fleet(1000, 1000), advice(800, 1000), State{}, "what the owner says: the advice is less than a fifth away"},
		{"that all have it is remembered", state(667, 2*day), fleet(667, 667), advice(300, 667), all(state(667, 2*day), 0), "667m: the next step is due at 2026-11-28T00:00:00Z"},
		{"the next step follows a day after that", all(state(667, 2*day), day), fleet(667, 667), advice(300, 667), state(445, 0), "445m: a step from 667m towards 300m"},
		{"not before", all(state(667, 2*day), day-time.Second), fleet(667, 667), advice(300, 667), all(state(667, 2*day), day-time.Second), "667m: the next step is due at 2026-11-27T00:00:01Z"},
		{"nor while a TaskManager has another size still", state(667, 2*day), fleet(667, 1000), advice(300, 1000), state(667, 2*day), "667m: not all TaskManagers have it yet"},
		{"be it a smaller one", state(667, 2*day), fleet(600, 667), advice(300, 667), state(667, 2*day), "667m: not all TaskManagers have it yet"},
		{"nor while there is none", state(667, 2*day), fleet(0, 0), none, state(667, 2*day), "667m: there is no advice"},
		{"when one runs out of memory the owner's size is back at once", state(667, time.Hour), ran(fleet(667, 1000), time.Minute), advice(300, 1000), failed(state(0, 0), time.Minute),
			"back to what the owner says: pod tm-1 was OOMKilled"},
		{"also with the owner's size, so that none is taken away", State{}, ran(fleet(1000, 1000), time.Minute), advice(300, 1000), failed(state(0, 0), time.Minute),
			"back to what the owner says: pod tm-1 was OOMKilled"},
		{"one that is known already changes nothing", failed(state(0, 3*day), 3*day), ran(fleet(1000, 1000), 3*day), advice(300, 1000), failed(state(0, 3*day), 3*day),
			"what the owner says, until 2026-12-01T00:00:00Z: pod tm-1 was OOMKilled"},
		{"another one begins the week anew", failed(state(0, 3*day), 3*day), ran(fleet(1000, 1000), time.Minute), advice(300, 1000), failed(state(0, 0), time.Minute),
			"back to what the owner says: pod tm-1 was OOMKilled"},
		{"one that the job doesn't tell of any more still counts", failed(state(0, 3*day), 3*day), fleet(1000, 1000), advice(300, 1000), failed(state(0, 3*day), 3*day),
			"what the owner says, until 2026-12-01T00:00:00Z: pod tm-1 was OOMKilled"},
		{"after a week steps are taken again", failed(state(0, 7*day), 7*day), ran(fleet(1000, 1000), 7*day), advice(300, 1000), failed(state(667, 0), 7*day),
			"667m: a step from 1000m towards 300m"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, why := DefaultRules().Next(test.state, test.fleet, test.advice, test.advice != none, now)
			if got != test.want || why != test.why {
				t.Errorf("got  %+v, %q\nwant %+v, %q", got, why, test.want, test.why)
			}
		})
	}
}
