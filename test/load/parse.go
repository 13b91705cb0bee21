package load

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxRate is the highest rate that Parse takes, in records per second: far above what one broker on a laptop stores.
const maxRate = 1e6

// Parse reads a shape such as "sine:min=200,max=2400,period=240s" or "step:from=200,to=1500,at=60s". Rates are records
// per second, times are Go durations. Every field is needed; their order doesn't matter. An error names the field, its
// value and what to write instead.
func Parse(text string) (Shape, error) {
	kind, rest, _ := strings.Cut(text, ":")
	shape, err := parse(kind, rest)
	if err != nil {
		return nil, fmt.Errorf("load shape %q: %w", text, err)
	}
	return shape, nil
}

func parse(kind, rest string) (Shape, error) {
	switch kind {
	case "sine":
		f, err := split(rest, "min", "max", "period")
		if err != nil {
			return nil, err
		}
		s := Sine{Min: f.rate("min"), Max: f.rate("max"), Period: f.duration("period")}
		switch {
		case f.err != nil:
			return nil, f.err
		case s.Max < s.Min:
			return nil, fmt.Errorf("max %q is below min %q: swap them", f.text["max"], f.text["min"])
		case s.Period <= 0:
			return nil, fmt.Errorf("period %q: use a duration above 0, such as 240s", f.text["period"])
		}
		return s, nil
	case "step":
		f, err := split(rest, "from", "to", "at")
		if err != nil {
			return nil, err
		}
		s := Step{From: f.rate("from"), To: f.rate("to"), At: f.duration("at")}
		switch {
		case f.err != nil:
			return nil, f.err
		case s.At < 0:
			return nil, fmt.Errorf("at %q: use a duration of 0 or more, such as 60s", f.text["at"])
		}
		return s, nil
	default:
		return nil, fmt.Errorf("kind %q: use sine:min=,max=,period= or step:from=,to=,at=", kind)
	}
}

// fields are the texts of a shape's fields, and the first error met in reading them.
type fields struct {
	text map[string]string
	err  error
}

// split takes "a=1,b=2" apart; exactly the wanted names must be there, each once.
func split(text string, want ...string) (*fields, error) {
	f := &fields{text: make(map[string]string, len(want))}
	known := make(map[string]bool, len(want))
	for _, name := range want {
		known[name] = true
	}
	hint := strings.Join(want, ", ")
	for field := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(field, "=")
		if !known[name] {
			return nil, fmt.Errorf("field %q: use %s, each as name=value", field, hint)
		}
		if before, twice := f.text[name]; twice {
			return nil, fmt.Errorf("field %s is given as %q and as %q: give it once", name, before, value)
		}
		f.text[name] = value
	}
	for _, name := range want {
		if _, ok := f.text[name]; !ok {
			return nil, fmt.Errorf("field %s is missing: give %s", name, hint)
		}
	}
	return f, nil
}

func (f *fields) rate(name string) float64 {
	v, err := strconv.ParseFloat(f.text[name], 64)
	if err != nil || !(v >= 0 && v <= maxRate) {
		f.fail("%s %q: use records per second from 0 to %d", name, f.text[name], int(maxRate))
	}
	return v
}

func (f *fields) duration(name string) time.Duration {
	v, err := time.ParseDuration(f.text[name])
	if err != nil {
		f.fail("%s %q: use a duration such as 60s", name, f.text[name])
	}
	return v
}

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// String implements Shape.
func (s Sine) String() string {
	return fmt.Sprintf("sine:min=%s,max=%s,period=%s", number(s.Min), number(s.Max), s.Period)
}

// String implements Shape.
func (s Step) String() string {
	return fmt.Sprintf("step:from=%s,to=%s,at=%s", number(s.From), number(s.To), s.At)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
