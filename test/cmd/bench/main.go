// Command bench measures what flink-hpa costs, beside what it replaces, and leaves out/bench.json.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flink-hpa/flink-hpa/test/bench"
	"github.com/flink-hpa/flink-hpa/test/command"
)

func main() { command.Main(run) }

func run(ctx context.Context) error {
	parts := bench.Parts()
	c := &cobra.Command{
		Use: fmt.Sprintf("bench [all|%s]...", strings.Join(parts, "|")), Short: "Measure what flink-hpa costs", SilenceUsage: true, SilenceErrors: true,
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
	c.AddCommand(clientCommand(), fleetCommand(), constantCommand())
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

// fleetCommand is what it starts as JobManagers.
func fleetCommand() *cobra.Command {
	return &cobra.Command{
		Use: bench.FleetCommand + " JOBS", Short: "answer as JobManagers do", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			jobs, err := strconv.Atoi(args[0])
			if err != nil {
				return err
			}
			return bench.ServeFleet(c.Context(), jobs, os.Stdin, os.Stdout)
		},
	}
}

// constantCommand is what it starts as the adapter to compare with. The flags are those of the adapters' library.
func constantCommand() *cobra.Command {
	return &cobra.Command{
		Use: bench.ConstantCommand, Short: "answer a constant as an external metric", Hidden: true, DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error { return bench.ServeConstant(c.Context(), args) },
	}
}
