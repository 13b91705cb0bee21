package rule

import (
	"strings"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"k8s.io/utils/ptr"
)

// windowOf is one from start to end.
func windowOf(t *testing.T, start, end, zone string) window {
	t.Helper()
	s := spec("1.0")
	s.Schedules = []v1alpha1.Schedule{{Name: "w", Start: start, End: end, TimeZone: zone, Floor: ptr.To[int32](1)}}
	return compiled(t, s).schedules[0]
}

func TestWindows(t *testing.T) {
	const berlin = "Europe/Berlin" // summer time from 2026-03-29 02:00 to 2026-10-25 03:00
	const workdays, evenings = "0 8 * * MON-FRI", "0 18 * * MON-FRI"
	for _, test := range []struct {
		name, start, end, zone string
		at                     string // UTC
		want                   bool
	}{
		{"before it", workdays, evenings, "UTC", "2026-07-01 07:59:59", false},
		{"its first moment", workdays, evenings, "UTC", "2026-07-01 08:00:00", true},
		{"within", workdays, evenings, "UTC", "2026-07-01 12:34:56", true},
		{"its last moment", workdays, evenings, "UTC", "2026-07-01 17:59:59", true},
		{"its end", workdays, evenings, "UTC", "2026-07-01 18:00:00", false},
		{"a Saturday", workdays, evenings, "UTC", "2026-07-04 12:00:00", false},
		{"by the clocks of its zone in summer", workdays, evenings, berlin, "2026-07-01 06:00:00", true},
		{"and not before", workdays, evenings, berlin, "2026-07-01 05:59:59", false},
		{"by the clocks of its zone in winter", workdays, evenings, berlin, "2026-12-01 07:00:00", true},
		{"and not before then", workdays, evenings, berlin, "2026-12-01 06:59:59", false},
		{"over midnight, late", "0 22 * * *", "0 6 * * *", "UTC", "2026-07-01 23:00:00", true},
		{"over midnight, early", "0 22 * * *", "0 6 * * *", "UTC", "2026-07-01 05:59:00", true},
		{"over midnight, at noon", "0 22 * * *", "0 6 * * *", "UTC", "2026-07-01 12:00:00", false},
		{"a week-end", "0 20 * * FRI", "0 6 * * MON", "UTC", "2026-07-05 12:00:00", true},
		{"after it", "0 20 * * FRI", "0 6 * * MON", "UTC", "2026-07-06 06:00:00", false},
		{"a start that comes again before the end", "0 8 * * *", "0 18 * * FRI", "UTC", "2026-07-04 09:00:00", true},
		{"a start that comes again, after the end", "0 8 * * *", "0 18 * * FRI", "UTC", "2026-07-03 19:00:00", false},
		{"a moment that is both begins anew", "0 8 * * *", "0 8 * * *", "UTC", "2026-07-01 12:00:00", true},
		{"once a year", "0 0 24 12 *", "0 0 2 1 *", "UTC", "2027-01-01 12:00:00", true},
		{"and not in summer", "0 0 24 12 *", "0 0 2 1 *", "UTC", "2026-07-01 12:00:00", false},
		{"the leap day, three years later", "0 0 29 2 *", "0 0 1 3 *", "UTC", "2027-02-28 12:00:00", false},

		{"a start that clocks leave out, before", "30 2 * * *", "0 12 * * *", berlin, "2026-03-29 00:59:59", false},
		{"a start that clocks leave out comes when they are put forward", "30 2 * * *", "0 12 * * *", berlin, "2026-03-29 01:00:00", true},
		{"an end that clocks leave out", "0 22 * * *", "30 2 * * *", berlin, "2026-03-29 01:00:00", false},
		{"a start that is shown twice, before", "30 2 * * *", "0 12 * * *", berlin, "2026-10-25 00:29:59", false},
		{"a start that is shown twice, first", "30 2 * * *", "0 12 * * *", berlin, "2026-10-25 00:30:00", true},
		{"a start that is shown twice, while clocks show the hour again", "30 2 * * *", "0 12 * * *", berlin, "2026-10-25 01:15:00", true},
		{"an end that is shown twice, first", "0 22 * * *", "30 2 * * *", berlin, "2026-10-25 00:30:00", false},
		{"an end that is shown twice, while clocks show the hour again", "0 22 * * *", "30 2 * * *", berlin, "2026-10-25 01:15:00", false},
		{"half an hour of summer time, in Lord Howe", "45 1 * * *", "0 12 * * *", "Australia/Lord_Howe", "2026-04-04 15:10:00", true},
		{"a day that a zone left out", "0 0 30 12 *", "0 12 30 12 *", "Pacific/Apia", "2011-12-30 10:00:00", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			at, err := time.Parse(time.DateTime, test.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := windowOf(t, test.start, test.end, test.zone).open(at); got != test.want {
				t.Errorf("open is %t", got)
			}
		})
	}
}

// A window opens once a day also around the days on which clocks are changed.
func TestAWindowNeverFlaps(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"} {
		for _, ends := range [][2]string{{"30 2 * * *", "0 12 * * *"}, {"0 22 * * *", "15 2 * * *"}, {"0 0 * * *", "30 1 * * *"}, {"30 1 * * *", "45 2 * * *"}} {
			w := windowOf(t, ends[0], ends[1], zone)
			_, spring := time.Date(2026, 1, 1, 0, 0, 0, 0, w.zone).ZoneBounds()
			_, autumn := spring.ZoneBounds()
			for _, changed := range []time.Time{spring, autumn} {
				day := changed.In(w.zone)
				opened, was := 0, true
				at, end := time.Date(day.Year(), day.Month(), day.Day()-2, 15, 0, 0, 0, w.zone), time.Date(day.Year(), day.Month(), day.Day()+1, 15, 0, 0, 0, w.zone)
				for ; at.Before(end); at = at.Add(30 * time.Minute) {
					is := w.open(at)
					if is && !was {
						opened++
					}
					was = is
				}
				if opened != 3 {
					t.Errorf("%s to %s in %s opened %d times in the three days around %s", ends[0], ends[1], zone, opened, changed)
				}
			}
		}
	}
}

func TestMomentsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "is no time as cron has it, such as 30 8 * * MON-FRI",
		"0 8 * *":                   "expected exactly 5 fields",
		"@daily":                    "is no time as cron has it",
		"0 25 * * *":                "above maximum",
		"0 0 30 2 *":                "never comes",
		"CRON_TZ=UTC 0 8 * * *":     "has a time zone; give that in timeZone",
		"TZ=UTC":                    "has a time zone; give that in timeZone",
		"*/0 * * * *":               "step of range should be a positive number",
		"0 8 * * MON-FRI # workday": "expected exactly 5 fields",
	} {
		if _, err := moment(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}
