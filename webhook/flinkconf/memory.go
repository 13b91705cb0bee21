package flinkconf

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseMemory reads a size of memory in one of Flink's forms, in bytes: `1024` (which are bytes), `600m`, `2 gb`.
func ParseMemory(text string) (int64, error) {
	text = strings.TrimSpace(text)
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	number, err := strconv.ParseInt(text[:digits], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not a size of memory such as 1728m or 2g", text)
	}
	shift, ok := memoryUnit(strings.ToLower(strings.TrimSpace(text[digits:])))
	if !ok {
		return 0, fmt.Errorf("%.40q is not a size of memory such as 1728m or 2g: its unit is unknown", text)
	}
	if number > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%.40q is too large a size of memory", text)
	}
	return number << shift, nil
}

// memoryUnit is by how many bits a number in that unit is shifted to be one of bytes.
func memoryUnit(label string) (shift int, ok bool) {
	switch label {
	case "", "b", "bytes":
		return 0, true
	case "k", "kb", "kibibytes":
		return 10, true
	case "m", "mb", "mebibytes":
		return 20, true
	case "g", "gb", "gibibytes":
		return 30, true
	case "t", "tb", "tebibytes":
		return 40, true
	default:
		return 0, false
	}
}
