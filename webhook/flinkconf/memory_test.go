package flinkconf

import (
	"strconv"
	"strings"
	"testing"
)

// What is read, and what is refused, is what MemorySize.parse of Flink 1.13.6 and 2.3.0 reads and refuses.
func TestParseMemory(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
	}{
		{"1024", 1024}, {"0", 0}, {"7 bytes", 7}, {"5b", 5}, {"1 KB", 1024}, {"1 kibibytes", 1024}, {"600m", 600 << 20}, {" 1728m ", 1728 << 20}, {"5\tm", 5 << 20},
		{"3 Mebibytes", 3 << 20}, {"300 mb", 300 << 20}, {"2g", 2 << 30}, {"2 gb", 2 << 30}, {"12 GIBIBYTES", 12 << 30}, {"1 t", 1 << 40}, {"1 tebibytes", 1 << 40},
		{"9223372036854775807", 9223372036854775807}, {"8388607t", 9223370937343148032},
	} {
		if got, err := ParseMemory(c.text); err != nil || got != c.want {
			t.Errorf("ParseMemory(%q) = %d, %v, want %d", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{
		"", "m", "-5m", "+5m", "1.5g", "5 mib", "5 mi", "1Gi", "8m4", "1 k b", "${MEM}", "٨m", `"5m"`, "8388608t", "9223372036854775808",
	} {
		if got, err := ParseMemory(text); err == nil {
			t.Errorf("ParseMemory(%q) = %d, want an error", text, got)
		} else if !strings.Contains(err.Error(), strconv.Quote(text)) {
			t.Errorf("ParseMemory(%q): the error %q doesn't say the value", text, err)
		}
	}
}

func FuzzParseMemory(f *testing.F) {
	for _, seed := range []string{"1024", "600m", "2 gb", "8388608t", "µ", " 1 "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := ParseMemory(text); err == nil && got < 0 {
			t.Errorf("ParseMemory(%q) = %d, which is negative", text, got)
		}
	})
}
