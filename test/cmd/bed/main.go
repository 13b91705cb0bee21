// Command bed runs the test bed of flink-hpa: the demo, the playground, load for it, and, called by the bed's node, what
// stands in for container images.
package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/flink-hpa/flink-hpa/test/command"
)

func main() { command.Main(run) }

func run(ctx context.Context) error {
	root := &cobra.Command{Use: "bed", Short: "The test bed of flink-hpa", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(demoCommand(), compareCommand(), playgroundCommand(), downCommand(), loadCommand(), imageCommand())
	return root.ExecuteContext(ctx)
}
