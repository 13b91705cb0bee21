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
	"github.com/flink-hpa/flink-hpa/test/flinkrest"
	"github.com/flink-hpa/flink-hpa/test/load"
	"github.com/flink-hpa/flink-hpa/test/report"
)

// Options say which demo to run.
type Options struct {
	Root     string        // the checkout
	State    string        // folder of the demo's bed
	Results  string        // folder for summary.json, series.csv and report.html
	Policy   string        // what the HPA goes by, of bed.Policies; empty: what the sample's own says
	Duration time.Duration // of the load
	Load     load.Shape
	Out      io.Writer
}

const (
	sampleEvery = time.Second
	showEvery   = 5 * time.Second
	drainWithin = 3 * time.Minute // for the job to read what is left when the load has ended
)

// Run runs the demo on a bed of its own. It returns an error when the HPA didn't do what the load asks for, or a record was
// not processed; what was measured is written in every case that came as far.
func Run(ctx context.Context, opts Options) error {
	run, err := measure(ctx, opts)
	if err != nil {
		return err
	}
	return verdict(run.Summary, opts.Load, opts.Duration)
}

// measure runs the job on a bed of its own and leaves the results.
func measure(ctx context.Context, opts Options) (_ report.Run, err error) {
	b, err := bed.Start(ctx, bed.Options{Root: opts.Root, State: opts.State, Out: opts.Out})
	if err != nil {
		return report.Run{}, err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	var w *watcher
	if err := b.Step("start the sample's job", func() error {
		flink, err := apply(ctx, b, opts.Policy)
		if err != nil {
			return err
		}
		w, err = newWatcher(b, flink)
		return err
	}); err != nil {
		return report.Run{}, err
	}
	defer w.close()
	b.Line("\nLoad %s for %s. %s and looks every 5 s.\n\n%s", opts.Load, opts.Duration, goesBy(opts.Policy), report.Header())
	if err := w.watch(ctx, opts.Load, opts.Duration); err != nil {
		return report.Run{}, err
	}
	run, err := w.result(opts)
	if err != nil {
		return report.Run{}, err
	}
	if err := report.Write(opts.Results, run); err != nil {
		return report.Run{}, err
	}
	b.Line("\n%s\nIn %s: report.html, series.csv, summary.json", summary(run.Summary), opts.Results)
	return run, nil
}

func apply(ctx context.Context, b *bed.Bed, policy string) (*flinkrest.Client, error) {
	if policy == "" {
		return b.ApplySample(ctx)
	}
	return b.ApplySampleWith(ctx, policy)
}

func goesBy(policy string) string {
	if policy == "" {
		return "The HPA is the sample's own"
	}
	return "The HPA goes by " + policy
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
			if err := <-produced; !errors.Is(err, ctx.Err()) {
				return errors.Join(ctx.Err(), err)
			}
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
func (w *watcher) result(opts Options) (report.Run, error) {
	ends, err := w.probe.LogEndOffsets(bed.Topic)
	if err != nil {
		return report.Run{}, err
	}
	s := report.Summarize(w.points)
	s.Rescales, s.PodsMutated = len(w.rescaledAt), len(w.mutated)
	s.RescalesAfterStep, s.QuietS = calm(w.rescaledAt, opts.Load, opts.Duration)
	s.RecordsIn, s.RecordsProcessed = new(ends.Total()), w.processed
	return report.Run{
		Load: opts.Load.String(), Policy: opts.Policy, BusyTarget: w.busyTarget, RescaledAt: w.rescaledAt, Points: w.points, Summary: s,
	}, nil
}
