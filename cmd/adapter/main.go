// Command adapter serves Kafka consumer lag, how busy Flink jobs are and how many TaskManagers they need as external metrics for the
// Horizontal Pod Autoscaler.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/adapter/server"
	"github.com/flink-hpa/flink-hpa/cmd/internal/logging"
	"github.com/flink-hpa/flink-hpa/cmd/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		klog.ErrorS(err, "The adapter ends")
		klog.FlushAndExit(klog.ExitFlushTimeout, 1)
	}
	klog.Flush()
}

func run(ctx context.Context, args []string) error {
	flags := pflag.NewFlagSet("adapter", pflag.ContinueOnError)
	options := server.NewOptions(flags)
	setUpLogging := logging.AddFlags(flags)
	showVersion := flags.Bool("version", false, "Print the version and end.")
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return errors.New("no arguments are expected besides flags: " + flags.Arg(0))
	}
	if *showVersion {
		fmt.Println(version.Line("adapter"))
		return nil
	}
	if err := setUpLogging(); err != nil {
		return err
	}
	return server.Run(ctx, options)
}
