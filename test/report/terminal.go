package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// hpaWidth is what the other columns leave of the table's 110.
const hpaWidth = 47

// Header is the live table's first line; its columns are those of Row.
func Header() string {
	return line("time", "arrival/s", "processed/s", "lag", "busy", "wanted", "running", "HPA")
}

// Row is the live table's line for a point, at most 110 columns wide, with "-" where a value is not known.
func Row(p Point) string {
	return line(
		clock(p.T), text(p.ArrivalPerS, 0), text(p.ProcessedPerS, 0), text(p.Lag, 0), text(p.BusyRatio, 2),
		fmt.Sprint(p.TaskManagersWanted), fmt.Sprint(p.TaskManagersRunning), cut(p.HPA, hpaWidth),
	)
}

func line(t, arrival, processed, lag, busy, wanted, running, hpa string) string {
	return strings.TrimRight(fmt.Sprintf("%6s%11s%13s%10s%6s%7s%8s  %s", t, arrival, processed, lag, busy, wanted, running, hpa), " ")
}

// cut makes one line of the text, no longer than width.
func cut(s string, width int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// clock is a time since the start as minutes and seconds.
func clock(seconds float64) string {
	s := int(seconds)
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// text is a number for people: thousands apart, "-" where it is not known.
func text(v *float64, decimals int) string {
	number := cell(v, decimals)
	if number == "" {
		return "-"
	}
	whole, fraction, cutOff := strings.Cut(number, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if cutOff {
		return whole + "." + fraction
	}
	return whole
}
