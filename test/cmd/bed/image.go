package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flink-hpa/flink-hpa/test/image"
)

// imageCommand is what the node starts in place of a container. Everything after the image's name is the container's.
func imageCommand() *cobra.Command {
	return &cobra.Command{
		Use: "image NAME [ARGS...]", Short: "become what stands in for a container image", Hidden: true,
		Args: cobra.MinimumNArgs(1), DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			switch name := args[0]; name {
			case "flink":
				return image.Flink(c.Context(), args[1:])
			case "flink-operator":
				return image.FlinkOperator()
			case "kafka":
				return image.Kafka(c.Context())
			default:
				return fmt.Errorf("no image is called %q: there are flink, flink-operator and kafka", name)
			}
		},
	}
}
