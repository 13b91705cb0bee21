package flinkconf

import (
	"strconv"
	"strings"
	"testing"
)

// What is read, and what is refused, agrees with TimeUtils.parseDuration of Flink 2.3.0, but for the ISO form.
func TestParseMillis(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
	}{
		{"8000", 8000}, {"8 s", 8000}, {"10s", 10_000}, {" 8s ", 8000}, {"1 min", 60_000}, {"1m", 60_000}, {"1 M", 60_000},
		{"2h", 7_200_000}, {"1 d", 86_400_000}, {"1 days", 86_400_000}, {"3 secs", 3000}, {"5 Sec", 5000}, {"500 ms", 500},
		{"5 millis", 5}, {"5 milliseconds", 5}, {"7000 µs", 7}, {"7999 micros", 7}, {"9000000 ns", 9}, {"0", 0},
		{"9223372036854775807", 9223372036854775807},
	} {
		if got, err := ParseMillis(c.text); err != nil || got != c.want {
			t.Errorf("ParseMillis(%q) = %d, %v, want %d", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{
		"", "s", "-5", "+5", "1.5s", "8s4", "7 us", "5 mins", "5 hrs", "PT8S", "${HEARTBEAT}", "$(HEARTBEAT)", `"8000"`, "٨",
		"9223372036854775808", "106751991167301 d",
	} {
		if got, err := ParseMillis(text); err == nil {
			t.Errorf("ParseMillis(%q) = %d, want an error", text, got)
		} else if !strings.Contains(err.Error(), strconv.Quote(text)) {
			t.Errorf("ParseMillis(%q): the error %q doesn't say the value", text, err)
		}
	}
}

func FuzzParseMillis(f *testing.F) {
	for _, seed := range []string{"8000", "8 s", "1 min", "µs", "9223372036854775807 d", "1 µs"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := ParseMillis(text); err == nil && got < 0 {
			t.Errorf("ParseMillis(%q) = %d, which is negative", text, got)
		}
	})
}
