package desired

import "testing"

func TestSnap(t *testing.T) {
	tests := []struct {
		name             string
		shares           shares
		p                int
		atMost, strained float64
		want             int
	}{
		{"one by one: as it is", 0, 5, 4.4, 4, 5},
		{"a divisor stays", 12, 4, 3.5, 3, 4},
		{"the smallest with the same fullest subtask", 12, 5, 4, 3.6, 4},
		{"the next step, where that is too full", 12, 5, 4.2, 3.8, 6},
		{"not twice as many for the last per cent", 12, 7, 6.2, 5.6, 6},
		{"but for more than that", 12, 7, 6.9, 6.2, 12},
		{"one share each is all there is", 12, 12, 11, 10, 12},
		{"nor is there more", 12, 40, 30, 28, 40},
		{"a share each for the last step", 12, 11, 6, 6, 6},
		{"many groups are nearly even", 128, 5, 4.4, 3.9, 5},
		{"720 has steps close together", 720, 50, 44, 40, 48},
		{"128 has not", 128, 50, 44, 40, 64},
		{"one subtask", 12, 1, .5, .5, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.shares.snap(test.p, test.atMost, test.strained); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestLeastIsTheFirstThatIsAsGood(t *testing.T) {
	for s := range shares(40) {
		for tenths := range 500 {
			work := float64(tenths) / 10
			p := s.least(work)
			if s.even(p) < work-1e-9 && p < int(s) || p > 1 && s.even(p-1) >= work {
				t.Errorf("%d shares, work %v: got %d, as good as %v; one less is as good as %v", s, work, p, s.even(p), s.even(p-1))
			}
		}
	}
}

func TestARoundingErrorAsksForNothing(t *testing.T) {
	tenth, fifth := .1, .2
	for work, want := range map[float64]int{(tenth + fifth) / tenth: 3, 3.001: 4, 0: 1, -1: 1, 1e300: most} {
		if got := subtasks(work); got != want {
			t.Errorf("%v: got %d, want %d", work, got, want)
		}
	}
}
