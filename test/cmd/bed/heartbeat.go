package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/flink-hpa/flink-hpa/test/heartbeat"
)

// heartbeatScenario is the demo of a lost TaskManager.
func heartbeatScenario(ctx context.Context, root string) error {
	return heartbeat.Run(ctx, heartbeat.Options{
		Root: root, State: filepath.Join(root, ".cache", "heartbeat"), Results: filepath.Join(root, "out", "heartbeat"), Out: os.Stdout,
	})
}
