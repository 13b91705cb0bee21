// Command bench measures what flink-hpa costs, beside what it replaces, and leaves out/bench.json.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/test/bench"
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
	klog.SetLogger(logr.Discard())
	parts := []string{bench.PartKafka, bench.PartAdapter, bench.PartAdmission}
	c := &cobra.Command{
		Use: "bench [all|kafka|adapter|admission]...", Short: "Measure what flink-hpa costs", SilenceUsage: true, SilenceErrors: true,
		Args: cobra.OnlyValidArgs, ValidArgs: append([]string{"all"}, parts...),
	}
	root := c.Flags().String("root", "..", "folder of the checkout")
	c.RunE = func(c *cobra.Command, args []string) error {
		root, err := filepath.Abs(*root)
		if err != nil {
			return err
		}
		if len(args) > 0 && !slices.Contains(args, "all") {
			parts = args
		}
		return bench.Run(c.Context(), root, parts, os.Stdout)
	}
	c.AddCommand(clientCommand())
	return c.ExecuteContext(ctx)
}

// clientCommand is what the benchmark starts to measure a client in a process of its own.
func clientCommand() *cobra.Command {
	return &cobra.Command{
		Use: bench.ChildCommand + " CLIENT FROM TO BROKER...", Short: "poll when told to", Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			child, err := bench.ParseChild(args)
			if err != nil {
				return err
			}
			return bench.Serve(c.Context(), child, os.Stdin, os.Stdout)
		},
	}
}
