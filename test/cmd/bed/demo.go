package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/demo"
	"github.com/flink-hpa/flink-hpa/test/load"
)

// The demo's load: two periods. One TaskManager of the sample takes some 400 records/s.
const (
	defaultShape    = "sine:min=100,max=1900,period=4m"
	defaultDuration = 8 * time.Minute
	mainScenario    = "main"
)

func demoCommand() *cobra.Command {
	c := &cobra.Command{Use: "demo", Short: "run the main job and watch", Args: cobra.NoArgs}
	root := rootFlag(c)
	shape := c.Flags().String("load", defaultShape, "sine:min=,max=,period= or step:from=,to=,at=")
	duration := c.Flags().Duration("duration", defaultDuration, "how long the load lasts")
	policy := c.Flags().String("policy", "", "what the HPA goes by: "+strings.Join(bed.Policies(), ", ")+"; empty: what the sample's own says")
	scenario := c.Flags().String("scenario", mainScenario, "main, or heartbeat: a TaskManager is lost, which takes no load, duration or policy")
	c.RunE = func(c *cobra.Command, _ []string) error {
		root, err := filepath.Abs(*root)
		if err != nil {
			return err
		}
		switch *scenario {
		case mainScenario:
		case "heartbeat":
			return heartbeatScenario(c.Context(), root)
		default:
			return fmt.Errorf("--scenario is %q: use main or heartbeat", *scenario)
		}
		if *policy != "" {
			if err := knownPolicy("--policy", *policy); err != nil {
				return err
			}
		}
		parsed, err := load.Parse(*shape)
		if err != nil {
			return err
		}
		return demo.Run(c.Context(), demo.Options{
			Root: root, State: filepath.Join(root, ".cache", "demo"), Results: filepath.Join(root, "out", "demo"),
			Policy: *policy, Duration: *duration, Load: parsed, Out: os.Stdout,
		})
	}
	return c
}
