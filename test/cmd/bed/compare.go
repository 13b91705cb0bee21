package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/demo"
	"github.com/flink-hpa/flink-hpa/test/load"
)

func compareCommand() *cobra.Command {
	c := &cobra.Command{Use: "compare", Short: "run the main job under each policy, with the same load", Args: cobra.NoArgs}
	root := rootFlag(c)
	shape := c.Flags().String("load", defaultShape, "sine:min=,max=,period= or step:from=,to=,at=")
	duration := c.Flags().Duration("duration", defaultDuration, "how long the load lasts, for each policy")
	policies := c.Flags().StringSlice("policies", bed.Policies(), "what the HPA goes by, one after the other")
	c.RunE = func(c *cobra.Command, _ []string) error {
		root, err := filepath.Abs(*root)
		if err != nil {
			return err
		}
		if err := knownPolicies(*policies); err != nil {
			return err
		}
		parsed, err := load.Parse(*shape)
		if err != nil {
			return err
		}
		return demo.Compare(c.Context(), demo.Options{
			Root: root, State: filepath.Join(root, ".cache", "compare"), Results: filepath.Join(root, "out", "compare"),
			Duration: *duration, Load: parsed, Out: os.Stdout,
		}, *policies)
	}
	return c
}

// knownPolicies is an error unless each is a policy, and there once.
func knownPolicies(policies []string) error {
	if len(policies) < 2 {
		return fmt.Errorf("--policies is %q: give two or more of %s", strings.Join(policies, ","), strings.Join(bed.Policies(), ", "))
	}
	for i, policy := range policies {
		if err := knownPolicy("--policies", policy); err != nil {
			return err
		}
		if slices.Contains(policies[:i], policy) {
			return fmt.Errorf("--policies has %q twice: give it once", policy)
		}
	}
	return nil
}

func knownPolicy(flag, policy string) error {
	if !slices.Contains(bed.Policies(), policy) {
		return fmt.Errorf("%s has %q: use %s", flag, policy, strings.Join(bed.Policies(), ", "))
	}
	return nil
}
