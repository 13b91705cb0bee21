// Command verify checks a checkout for what no compiler and no other test does, and prints what to change.
package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/flink-hpa/flink-hpa/test/command"
	"github.com/flink-hpa/flink-hpa/test/verify"
)

func main() { command.Main(run) }

func run(ctx context.Context) error {
	c := &cobra.Command{
		Use: "verify", Short: "Check modules, format, generated files, manifests, documents, workflows and scripts",
		SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs,
	}
	root := c.Flags().String("root", "..", "folder of the checkout")
	controllerGen := c.Flags().String("controller-gen", "", "path of controller-gen")
	update := c.Flags().Bool("update", false, "do what can be done without a decision, instead of checking")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *update {
			return verify.Update(c.Context(), *root, *controllerGen)
		}
		return verify.Run(c.Context(), *root, *controllerGen, os.Stdout)
	}
	return c.ExecuteContext(ctx)
}
