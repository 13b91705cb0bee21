// Package command is what the programs of the test bed have in common: how they begin, are interrupted and end.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

// Main runs a program and ends the process: with 1 after an error, which it prints, and with 130, as a shell has it for Ctrl-C, when
// it was interrupted. What client-go logs about retries is for nobody who watches; every failure that matters is returned by run.
func Main(run func(context.Context) error) {
	klog.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	switch err := run(ctx); {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "Interrupted.")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
