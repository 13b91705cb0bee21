package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
)

// playgroundDir is where a playground's state lies in the checkout.
const playgroundDir = ".playground"

func playgroundCommand() *cobra.Command {
	c := &cobra.Command{Use: "playground", Short: "bring everything up and stay till Ctrl-C", Args: cobra.NoArgs}
	root := rootFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error { return playground(c.Context(), *root) }
	return c
}

func rootFlag(c *cobra.Command) *string {
	return c.Flags().String("root", "..", "folder of the checkout")
}

func playground(ctx context.Context, root string) (err error) {
	state, err := filepath.Abs(filepath.Join(root, playgroundDir))
	if err != nil {
		return err
	}
	b, err := bed.Start(ctx, bed.Options{Root: filepath.Dir(state), State: state, Out: os.Stdout})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	if err := b.Step("start the sample's job", func() error {
		_, err := b.ApplySample(ctx)
		return err
	}); err != nil {
		return err
	}
	env := filepath.Join(state, "env")
	if err := writeEnv(b, env); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(env)) }()
	b.Line("\nReady. In another terminal:\n"+
		"  . %s/env      # KUBECONFIG, KAFKA_BOOTSTRAP, KUBECTL, LOGS\n"+
		"  $KUBECTL get hpa -A -w\n"+
		"  make load                # records for the sample's job\n"+
		"Logs are in %s. Ctrl-C ends everything.", playgroundDir, b.Logs)
	<-ctx.Done()
	b.Line("\nEnding.")
	return nil
}

// writeEnv writes what a shell can source, at once.
func writeEnv(b *bed.Bed, path string) error {
	text := fmt.Sprintf("export KUBECONFIG='%s'\nexport KAFKA_BOOTSTRAP='%s'\nexport KUBECTL='%s'\nexport LOGS='%s'\n",
		b.Kubeconfig, b.Kafka, b.Kubectl, b.Logs)
	if err := os.WriteFile(path+".next", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".next", path)
}

func downCommand() *cobra.Command {
	c := &cobra.Command{Use: "down", Short: "end a playground that was left behind", Args: cobra.NoArgs}
	root := rootFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		state, err := filepath.Abs(filepath.Join(*root, playgroundDir))
		if err != nil {
			return err
		}
		ended, err := bed.Down(c.Context(), state)
		if err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(state, "env")); err != nil && !os.IsNotExist(err) {
			return err
		}
		if ended {
			fmt.Println("The playground has ended.")
		} else {
			fmt.Println("No playground is running here.")
		}
		return nil
	}
	return c
}

func loadCommand() *cobra.Command {
	c := &cobra.Command{Use: "load", Short: "produce records to a topic", Args: cobra.NoArgs}
	broker := c.Flags().String("kafka", "", "bootstrap address, HOST:PORT")
	topic := c.Flags().String("topic", bed.Topic, "topic")
	shape := c.Flags().String("shape", defaultShape, "sine:min=,max=,period= or step:from=,to=,at=")
	duration := c.Flags().Duration("duration", defaultDuration, "how long")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *broker == "" {
			return errors.New("--kafka is empty: give the broker's HOST:PORT, KAFKA_BOOTSTRAP of " + playgroundDir + "/env")
		}
		return produce(c.Context(), *broker, *topic, *shape, *duration)
	}
	return c
}

func produce(ctx context.Context, broker, topic, text string, duration time.Duration) (err error) {
	shape, err := load.Parse(text)
	if err != nil {
		return err
	}
	client, err := load.Connect([]string{broker})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	generator, err := load.NewGenerator(client, topic, clock.RealClock{})
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- generator.Run(ctx, shape, duration) }()
	ticker := time.NewTicker(5 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			fmt.Printf("%d records acknowledged\n", generator.Sent())
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		case <-ticker.C:
			fmt.Printf("%8.0f records/s now, %d acknowledged\n", generator.Rate(), generator.Sent())
		}
	}
}
