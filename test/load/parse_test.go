package load

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       Shape
	}{
		{"a sine", "sine:min=200,max=2400,period=240s", Sine{200, 2400, 4 * time.Minute}},
		{"a sine in another order", "sine:period=1m30s,max=7.5,min=0", Sine{0, 7.5, 90 * time.Second}},
		{"a flat sine", "sine:min=5,max=5,period=1s", Sine{5, 5, time.Second}},
		{"a step", "step:from=200,to=1500,at=60s", Step{200, 1500, time.Minute}},
		{"a step down, from the start", "step:from=3,to=0,at=0s", Step{3, 0, 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse(tc.text)
			if err != nil || got != tc.want {
				t.Errorf("Parse(%q) = %v, %v, want %v", tc.text, got, err, tc.want)
			}
		})
	}
}

func TestParseErrorsNameFieldValueAndWayOut(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"no kind", "", `load shape "": kind "": use sine:min=,max=,period= or step:from=,to=,at=`},
		{"unknown kind", "saw:min=1", `kind "saw": use sine:`},
		{"kind alone", "sine", `field "": use min, max, period, each as name=value`},
		{"unknown field", "sine:min=1,top=2,period=1s", `field "top=2": use min, max, period`},
		{"missing field", "sine:min=1,max=2", `field period is missing: give min, max, period`},
		{"field twice", "step:from=1,to=2,at=1s,to=3", `field to is given as "2" and as "3": give it once`},
		{"rate that is no number", "sine:min=few,max=2,period=1s", `min "few": use records per second from 0 to 1000000`},
		{"rate that is NaN", "sine:min=NaN,max=2,period=1s", `min "NaN": use records`},
		{"rate below 0", "step:from=-1,to=2,at=1s", `from "-1": use records`},
		{"rate out of reach", "step:from=1,to=1e7,at=1s", `to "1e7": use records`},
		{"max below min", "sine:min=3,max=2,period=1s", `max "2" is below min "3": swap them`},
		{"period without unit", "sine:min=1,max=2,period=240", `period "240": use a duration such as 60s`},
		{"period of 0", "sine:min=1,max=2,period=0s", `period "0s": use a duration above 0`},
		{"step before the start", "step:from=1,to=2,at=-1s", `at "-1s": use a duration of 0 or more`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			shape, err := Parse(tc.text)
			if err == nil {
				t.Fatalf("Parse(%q) = %v, want an error", tc.text, shape)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Parse(%q): %v\nwant it to contain %s", tc.text, err, tc.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("sine:min=200,max=2400,period=240s")
	f.Add("step:from=200,to=1500,at=60s")
	f.Add("sine:min=1e-3,max=1e6,period=1ns")
	f.Add("step:from=NaN,to=Inf,at=-1h")
	f.Add("sine:")
	f.Fuzz(func(t *testing.T, text string) {
		shape, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(shape.String())
		if err != nil || again != shape {
			t.Fatalf("%q reads as %v, whose text reads as %v, %v", text, shape, again, err)
		}
		for _, at := range []time.Duration{0, time.Millisecond, time.Minute, 24 * time.Hour} {
			if r := shape.Rate(at); !(r >= -1e-6 && r <= maxRate+1e-6) {
				t.Fatalf("%q: Rate(%s) = %v", text, at, r)
			}
			if total := shape.Total(at); !(total >= -1e-3) {
				t.Fatalf("%q: Total(%s) = %v", text, at, total)
			}
		}
	})
}
