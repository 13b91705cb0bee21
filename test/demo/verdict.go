package demo

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flink-hpa/flink-hpa/test/load"
	"github.com/flink-hpa/flink-hpa/test/report"
)

// verdict is what the demo's exit code says: the HPA scaled up if the load rises, down if it falls, and every record was
// processed.
func verdict(s report.Summary, shape load.Shape, duration time.Duration) error {
	rises, falls := trend(shape, duration)
	var errs []error
	if rises && s.ScaleUps == 0 {
		errs = append(errs, errors.New("the HPA never scaled up"))
	}
	if falls && s.ScaleDowns == 0 {
		errs = append(errs, errors.New("the HPA never scaled down"))
	}
	return errors.Join(append(errs, complete(s))...)
}

// complete is an error unless every record was processed.
func complete(s report.Summary) error {
	if s.RecordsIn == nil || s.RecordsProcessed == nil || *s.RecordsProcessed != *s.RecordsIn {
		return fmt.Errorf("%s records were processed, %s were produced", known(s.RecordsProcessed), known(s.RecordsIn))
	}
	return nil
}

// trend says whether a load rises, and whether it falls, once it has begun.
func trend(shape load.Shape, duration time.Duration) (rises, falls bool) {
	before := shape.Rate(0)
	for t := time.Second; t <= duration; t += time.Second {
		now := shape.Rate(t)
		rises, falls = rises || now > before, falls || now < before
		before = now
	}
	return rises, falls
}

// calm counts the rescales from the load's step to its end, nil when it has no step, and gives the seconds from the last rescale
// under load, or the start, to the load's end. Rescales are in seconds since the start.
func calm(rescaledAt []float64, shape load.Shape, duration time.Duration) (afterStep *int, quietS float64) {
	step, ok := shape.(load.Step)
	if ok && step.From != step.To && step.At < duration {
		afterStep = new(0)
	}
	last, end := 0.0, duration.Seconds()
	for _, at := range rescaledAt {
		if at > end {
			continue
		}
		last = max(last, at)
		if afterStep != nil && at > step.At.Seconds() {
			*afterStep++
		}
	}
	return afterStep, end - last
}

// summary is the outcome for a terminal.
func summary(s report.Summary) string {
	var out strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&out, "  %-20s%s\n", name, fmt.Sprintf(format, args...))
	}
	line("TaskManagers", "%d to %d; the HPA scaled up %d times and down %d times", s.TaskManagersMin, s.TaskManagersMax, s.ScaleUps, s.ScaleDowns)
	line("job", "went on with another parallelism %d times", s.Rescales)
	if s.RescalesAfterStep != nil {
		quiet := time.Duration(s.QuietS * float64(time.Second)).Truncate(time.Second)
		line("after the step", "%d rescales, and none in the last %s of the load", *s.RescalesAfterStep, quiet)
	}
	line("lag", "at most %s records, in 99 %% of the time at most %s, %s at the end", known(s.LagMax), known(s.LagP99), known(s.LagEnd))
	line("records", "%s produced, %s processed", known(s.RecordsIn), known(s.RecordsProcessed))
	line("pods changed", "%d by the webhook", s.PodsMutated)
	line("cost", "%.0f TaskManager seconds in %.0f s", s.TaskManagerSeconds, s.DurationS)
	return strings.TrimSuffix(out.String(), "\n")
}

func known(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return fmt.Sprint(*n)
}
