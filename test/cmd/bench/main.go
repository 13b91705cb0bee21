// Command bench measures what flink-hpa costs, beside what it replaces, and leaves out/bench.json.
package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/flink-hpa/flink-hpa/test/bench"
	"github.com/flink-hpa/flink-hpa/test/command"
)

func main() { command.Main(run) }

func run(ctx context.Context) error {
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
