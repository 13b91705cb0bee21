// Command bed runs the test bed of flink-hpa: the demo, the playground, load for it, and, called by the bed's node, what
// stands in for container images.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	switch err := run(ctx); {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "Interrupted.")
		os.Exit(130) // as a shell has it for Ctrl-C
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	// What client-go logs about retries is for nobody who watches; every failure that matters is returned.
	klog.SetLogger(logr.Discard())
	root := &cobra.Command{Use: "bed", Short: "The test bed of flink-hpa", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(demoCommand(), playgroundCommand(), downCommand(), loadCommand(), imageCommand())
	return root.ExecuteContext(ctx)
}
