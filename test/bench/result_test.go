package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out", "bench.json")
	one := measurement{cold: cost{traffic{20, 7, 7}, 21.5}, warm: cost{traffic{12, 0, 0}, 18.50001}, memory: new(19.0)}
	many := measurement{cold: cost{traffic{93, 66, 66}, 500}, warm: cost{traffic{73, 0, 0}, 49.99999}}
	if err := Write(file, kafkaResults(10, one, many)[4:]); err != nil {
		t.Fatal(err)
	}
	const want = `[
  {
    "name": "kafka_poll_ms_warm",
    "case": "groups=10",
    "unit": "ms",
    "value": 18.5,
    "baseline": 50,
    "baseline_name": "client per group"
  },
  {
    "name": "kafka_poll_ms_cold",
    "case": "groups=10",
    "unit": "ms",
    "value": 21.5,
    "baseline": 500,
    "baseline_name": "client per group"
  },
  {
    "name": "kafka_poll_rss_mib",
    "case": "groups=10",
    "unit": "MiB",
    "value": 19
  }
]
`
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%v, got\n%s", err, got)
	}
}

func TestPairs(t *testing.T) {
	const n = 4
	calls := 0
	inARow := map[bool]int{}
	last := false
	got, err := measurePairs(n, func(with bool) (time.Duration, error) {
		if calls > 0 && with == last {
			inARow[with]++
		}
		last = with
		calls++
		switch {
		case calls <= 2*warmUpPairs:
			return time.Hour, nil
		case with:
			return 3 * time.Millisecond, nil
		}
		return time.Millisecond, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, added := range got.added() {
		if added != 2 {
			t.Errorf("pair %d: %v ms added, want 2", i, added)
		}
	}
	if len(got.added()) != n || calls != 2*(warmUpPairs+n) {
		t.Errorf("%d pairs of %d calls, want %d and a warm-up", len(got.added()), calls, n)
	}
	if inARow[true] == 0 || inARow[false] == 0 {
		t.Error("the order is always the same")
	}
}

func TestQuantile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, test := range []struct {
		values  []float64
		q, want float64
	}{
		{[]float64{7}, 0.99, 7}, {[]float64{3, 1, 2}, 0.5, 2}, {hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 0, 1}, {hundred, 1, 100},
	} {
		if got := quantile(test.values, test.q); got != test.want {
			t.Errorf("quantile %v of %d values: got %v, want %v", test.q, len(test.values), got, test.want)
		}
	}
}
