// Package heartbeat shows what Flink's defaults cost when a TaskManager is lost. Two jobs read the same records on three
// TaskManagers each: one as Flink would run it, one with what the webhook injects. Both lose a TaskManager that falls
// silent (SIGSTOP, as with a lost machine), and later one whose process is killed (SIGKILL).
package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
)

// Options say where a run happens.
type Options struct {
	Root    string // the checkout
	State   string // folder of the run's bed
	Results string // folder for summary.json, series.csv and report.html
	Out     io.Writer
}

const (
	taskManagers = 3
	// What one TaskManager can do in a second is 400 records: two can make up for what they missed.
	recordsPerSecond = 300
	sampleEvery      = 500 * time.Millisecond
	showEvery        = 5 * time.Second
	// Two checkpoints: the lag is a saw-tooth between them.
	calm = 20 * time.Second
	// After a rescale the lag takes another checkpoint to come down.
	settling = calm + 10*time.Second
	// The longest that the run waits for one of its steps.
	stepWithin = 5 * time.Minute
)

// Run runs both jobs on a bed of their own. It returns an error when a job did not recover, or the one with injected
// settings not sooner; what was measured is written in every case that came as far.
func Run(ctx context.Context, opts Options) (err error) {
	b, err := bed.Start(ctx, bed.Options{Root: opts.Root, State: opts.State, Out: opts.Out})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	var w *watcher
	if err := b.Step("start both jobs", func() error {
		w, err = newWatcher(ctx, b, opts.Root)
		return err
	}); err != nil {
		return err
	}
	defer w.close()
	shape := load.Step{From: recordsPerSecond, To: recordsPerSecond, At: time.Second}
	b.Line("\n%d records/s for both, %d TaskManagers each, no HPA.\n\n%s", recordsPerSecond, taskManagers, header())
	r, err := w.scenario(ctx, shape)
	if err != nil {
		return err
	}
	if err := write(opts.Results, r); err != nil {
		return err
	}
	b.Line("\n%s\n\nIn %s: report.html, series.csv, summary.json", r.table().Text(), opts.Results)
	return verdict(r.Losses)
}

// scenario is the load, and what happens under it.
func (w *watcher) scenario(ctx context.Context, shape load.Shape) (result, error) {
	generator, err := load.NewGenerator(w.kafka, bed.Topic, clock.RealClock{})
	if err != nil {
		return result{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	produced := make(chan struct{})
	go func() {
		defer close(produced)
		if err := generator.Run(ctx, shape, time.Hour); err != nil {
			cancel(err)
		}
	}()
	defer func() { cancel(nil); <-produced }()

	r := result{Load: shape.String(), TaskManagers: taskManagers}
	w.start, w.show = time.Now(), true
	if err := w.until(ctx, "both jobs run on all TaskManagers and their lag is steady", w.settled); err != nil {
		return result{}, err
	}
	silent, err := w.lose(ctx, "falls silent", syscall.SIGSTOP, 0)
	if err != nil {
		return result{}, err
	}
	// The silent processes end, and their containers start anew.
	returned := w.now()
	if err := w.signal(ctx, syscall.SIGKILL, 0); err != nil {
		return result{}, err
	}
	if err := w.until(ctx, "both jobs run on all TaskManagers again", w.settled); err != nil {
		return result{}, err
	}
	r.Comeback = comeback{
		AtS:      rounded(returned),
		Defaults: usedAll(w.moments, defaults, taskManagers, returned),
		Injected: usedAll(w.moments, injected, taskManagers, returned),
	}
	killed, err := w.lose(ctx, "is killed", syscall.SIGKILL, 1)
	if err != nil {
		return result{}, err
	}
	r.Losses, r.Moments, r.DurationS = []loss{silent, killed}, w.moments, rounded(w.now())
	return r, nil
}

// lose takes TaskManager number i from each job, and waits until both have recovered.
func (w *watcher) lose(ctx context.Context, what string, signal syscall.Signal, i int) (loss, error) {
	at := w.now()
	w.bed.Line("  one TaskManager of each job %s", what)
	if err := w.signal(ctx, signal, i); err != nil {
		return loss{}, err
	}
	l := loss{Name: what, Signal: signalName(signal), AtS: rounded(at)}
	err := w.until(ctx, fmt.Sprintf("both jobs have recovered after a TaskManager %s", what), func() bool {
		var recovered [2]bool
		l.Defaults, recovered[defaults] = recovery(w.moments, defaults, at)
		l.Injected, recovered[injected] = recovery(w.moments, injected, at)
		return recovered[defaults] && recovered[injected]
	})
	return l, err
}
