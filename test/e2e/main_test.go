//go:build e2e

// Package e2e tries flink-hpa on a bed: a real control plane with the real HPA controller, a real Kafka broker, and real
// Flink jobs whose pods the webhook has changed. The tests share the bed and the sample's job, so they run one after the
// other; each sets the HPA that it needs.
package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/flinkrest"
)

// cluster is what the tests run on. It is set before the first test and never changes.
var cluster struct {
	*bed.Bed
	flink *flinkrest.Client // of the sample's JobManager
	root  string
}

// atOnce are profiles of the webhook by which a job takes a TaskManager as soon as there is one.
const atOnce = `defaults:
  standalone-job:
    jobmanager.adaptive-scheduler.resource-stabilization-timeout: 1s
    jobmanager.adaptive-scheduler.scaling-interval.min: 1s
    jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout: 1s
    jobmanager.adaptive-scheduler.rescale-trigger.max-delay: 1s
`

// minutesOfMemory has the memory of TaskManagers advised after minutes in place of a day. A part of the window is 100 s.
const minutesOfMemory = "{window: 40m, stepEvery: 100s, backOff: 1h}"

func TestMain(m *testing.M) {
	state := flag.String("state", "e2e", "`name` of the folder in .cache with the bed's state; each set of tests has its own")
	impatient := flag.Bool("impatient", false, "have jobs go on with each TaskManager at once, so that tests of something else take less time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	profiles := ""
	if *impatient {
		profiles = atOnce
	}
	code, err := run(ctx, m, *state, profiles)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, m *testing.M, state, profiles string) (code int, err error) {
	klog.SetLogger(logr.Discard())
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return 1, err
	}
	b, err := bed.Start(ctx, bed.Options{Root: root, State: filepath.Join(root, ".cache", state), Out: os.Stdout, Profiles: profiles, Memory: minutesOfMemory})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	cluster.Bed, cluster.root = b, root
	if err := b.Step("start the sample's job", func() error {
		cluster.flink, err = b.ApplySample(ctx)
		return err
	}); err != nil {
		return 1, err
	}
	// A test that is interrupted must still end what the bed started.
	done := make(chan int, 1)
	go func() { done <- m.Run() }()
	select {
	case code = <-done:
		return code, nil
	case <-ctx.Done():
		return 1, ctx.Err()
	}
}
