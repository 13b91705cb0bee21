package rule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // the images have no files with time zones

	"github.com/robfig/cron/v3"
)

// lookBack is how far back the newest start or end of a window is looked for. The library looks as far ahead.
const lookBack = 5 * 366 * 24 * time.Hour

// window is a schedule's, by the clocks of its time zone.
type window struct {
	name         string
	start, end   cron.Schedule // of a clock that never changes
	zone         *time.Location
	floor, fixed *int32
}

// moment is one of a window's ends.
func moment(text string) (cron.Schedule, error) {
	if strings.Contains(text, "TZ=") { // the library would take it, and panic where nothing follows
		return nil, errors.New("has a time zone; give that in timeZone")
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	parsed, err := parser.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("is no time as cron has it, such as 30 8 * * MON-FRI: %w", err)
	}
	if spec, ok := parsed.(*cron.SpecSchedule); ok {
		spec.Location = time.UTC
	}
	if parsed.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() { // a leap year is within what the library looks at
		return nil, errors.New("never comes")
	}
	return parsed, nil
}

// open tells whether now is in the window: it has started since it last ended.
func (w window) open(now time.Time) bool {
	shown := shownBy(w.zone, now)
	started, ended := newest(w.start, shown), newest(w.end, shown)
	return !started.IsZero() && !started.Before(ended)
}

// shownBy is the time that clocks in the zone show, as if it were UTC. Where they are put back, it stands still until they show it again: what
// is shown twice comes once. Where they are put forward, what is left out comes with the first moment after it.
func shownBy(zone *time.Location, now time.Time) time.Time {
	shown := asUTC(now.In(zone))
	if changed, _ := now.In(zone).ZoneBounds(); !changed.IsZero() {
		_, before := changed.Add(-time.Nanosecond).In(zone).Zone()
		if then := changed.UTC().Add(time.Duration(before) * time.Second); then.After(shown) {
			return then
		}
	}
	return shown
}

func asUTC(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// newest is the last time up to now; zero: none within lookBack.
func newest(schedule cron.Schedule, now time.Time) time.Time {
	comes := func(after time.Time) bool {
		next := schedule.Next(after)
		return !next.IsZero() && !next.After(now)
	}
	back := time.Minute
	for ; !comes(now.Add(-back)); back *= 2 {
		if back > lookBack {
			return time.Time{}
		}
	}
	// It comes between these, and not after the later one.
	from, to := now.Add(-back), now
	for to.Sub(from) > time.Second {
		middle := from.Add(to.Sub(from) / 2)
		if comes(middle) {
			from = middle
		} else {
			to = middle
		}
	}
	return schedule.Next(from)
}
