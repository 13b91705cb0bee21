// Package demo runs the main job and watches: a load that rises and falls, a Flink job that reads it, and the HPA that
// gives the job as many TaskManagers as it needs.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
	"github.com/flink-hpa/flink-hpa/test/report"
)

// Options say which demo to run.
type Options struct {
	Root     string        // the checkout
	State    string        // folder of the demo's bed
	Results  string        // folder for summary.json, series.csv and report.html
	Duration time.Duration // of the load
	Load     load.Shape
	Out      io.Writer
}

const (
	sampleEvery = time.Second
	showEvery   = 5 * time.Second
	drainWithin = 3 * time.Minute // for the job to read what is left when the load has ended
	busyTarget  = 0.7             // the sample's HPA, for the plot
)

// Run runs the demo on a bed of its own. It returns an error when the HPA didn't scale up and down, or a record was not
// processed; what was measured is written in every case that came as far.
func Run(ctx context.Context, opts Options) (err error) {
	b, err := bed.Start(ctx, bed.Options{Root: opts.Root, State: opts.State, Out: opts.Out})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	var w *watcher
	if err := b.Step("start the sample's job", func() error {
		flink, err := b.ApplySample(ctx)
		if err != nil {
			return err
		}
		w, err = newWatcher(b, flink)
		return err
	}); err != nil {
		return err
	}
	defer w.close()
	b.Line("\nLoad %s for %s. The HPA looks every 5 s.\n\n%s", opts.Load, opts.Duration, report.Header())
	if err := w.watch(ctx, opts.Load, opts.Duration); err != nil {
		return err
	}
	run, err := w.result(opts.Load)
	if err != nil {
		return err
	}
	if err := report.Write(opts.Results, run); err != nil {
		return err
	}
	b.Line("\n%s\nIn %s: report.html, series.csv, summary.json", summary(run.Summary), opts.Results)
	return verdict(run.Summary)
}

// watch runs the load and samples till every record has been processed and committed, or the time for that is over.
func (w *watcher) watch(ctx context.Context, shape load.Shape, duration time.Duration) error {
	generator, err := load.NewGenerator(w.kafka, bed.Topic, clock.RealClock{})
	if err != nil {
		return err
	}
	w.generator, w.start = generator, time.Now()
	produced := make(chan error, 1)
	go func() { produced <- generator.Run(ctx, shape, duration) }()
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	end, shown := time.Time{}, time.Time{}
	for {
		select {
		case <-ctx.Done():
			<-produced
			return ctx.Err()
		case err := <-produced:
			if err != nil {
				return fmt.Errorf("load: %w", err)
			}
			produced, end = nil, time.Now().Add(drainWithin)
		case <-ticker.C:
			point := w.sample(ctx)
			if time.Since(shown) >= showEvery {
				shown = time.Now()
				w.bed.Line("%s", report.Row(point))
			}
		}
		if !end.IsZero() && (w.drained() || time.Now().After(end)) {
			return nil
		}
	}
}

// result is the run as it is reported.
func (w *watcher) result(shape load.Shape) (report.Run, error) {
	ends, err := w.probe.LogEndOffsets(bed.Topic)
	if err != nil {
		return report.Run{}, err
	}
	s := report.Summarize(w.points)
	s.Rescales, s.PodsMutated = len(w.rescaledAt), len(w.mutated)
	s.RecordsIn, s.RecordsProcessed = new(ends.Total()), w.processed
	return report.Run{
		Load: shape.String(), BusyTarget: busyTarget, RescaledAt: w.rescaledAt, Points: w.points, Summary: s,
	}, nil
}

// verdict is what the demo's exit code says.
func verdict(s report.Summary) error {
	var errs []error
	if s.ScaleUps == 0 {
		errs = append(errs, errors.New("the HPA never scaled up"))
	}
	if s.ScaleDowns == 0 {
		errs = append(errs, errors.New("the HPA never scaled down"))
	}
	if s.RecordsProcessed == nil || *s.RecordsProcessed != *s.RecordsIn {
		errs = append(errs, fmt.Errorf("%s records were processed, %d were produced", known(s.RecordsProcessed), *s.RecordsIn))
	}
	return errors.Join(errs...)
}

func summary(s report.Summary) string {
	return fmt.Sprintf(`  TaskManagers        %d to %d; the HPA scaled up %d times and down %d times
  job                 went on with another parallelism %d times
  lag                 at most %s records, %s at the end
  records             %s produced, %s processed
  pods changed        %d by the webhook
  cost                %.0f TaskManager seconds in %.0f s`,
		s.TaskManagersMin, s.TaskManagersMax, s.ScaleUps, s.ScaleDowns, s.Rescales,
		known(s.LagMax), known(s.LagEnd), known(s.RecordsIn), known(s.RecordsProcessed), s.PodsMutated,
		s.TaskManagerSeconds, s.DurationS)
}

func known(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return fmt.Sprint(*n)
}
