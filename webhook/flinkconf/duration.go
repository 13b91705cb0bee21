package flinkconf

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseMillis reads a duration in one of Flink's forms, in milliseconds: `8000` (which are milliseconds), `8 s`, `10s`, `1 min`.
// Parts of a millisecond are dropped. The ISO form (PT8S) is refused: only the newest versions know it.
func ParseMillis(text string) (int64, error) {
	text = strings.TrimSpace(text)
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	number, err := strconv.ParseInt(text[:digits], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 8000 or 10s", text)
	}
	unit, ok := unitOf(strings.ToLower(strings.TrimSpace(text[digits:])))
	if !ok {
		return 0, fmt.Errorf("%q is not a duration such as 8000 or 10s: its unit is unknown", text)
	}
	if unit < time.Millisecond {
		return number / int64(time.Millisecond/unit), nil
	}
	factor := int64(unit / time.Millisecond)
	if number > math.MaxInt64/factor {
		return 0, fmt.Errorf("%q is too long a duration", text)
	}
	return number * factor, nil
}

func unitOf(label string) (time.Duration, bool) {
	switch label {
	case "d", "day", "days":
		return 24 * time.Hour, true
	case "h", "hour", "hours":
		return time.Hour, true
	case "m", "min", "minute", "minutes":
		return time.Minute, true
	case "s", "sec", "secs", "second", "seconds":
		return time.Second, true
	case "", "ms", "milli", "millis", "millisecond", "milliseconds":
		return time.Millisecond, true
	case "µs", "micro", "micros", "microsecond", "microseconds":
		return time.Microsecond, true
	case "ns", "nano", "nanos", "nanosecond", "nanoseconds":
		return time.Nanosecond, true
	default:
		return 0, false
	}
}
