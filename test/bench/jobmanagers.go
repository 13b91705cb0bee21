package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/sync/errgroup"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/test/bench/fleet"
)

// FleetCommand is the command of this program that calls ServeFleet. Its argument is the number of JobManagers.
const FleetCommand = "fleet"

// ServeFleet is the side of a process that is a fleet. It replies with the fleet's port at first, and then to each order, a
// JSON value, with the requests to each JobManager since the last; until there is nothing more to read.
func ServeFleet(ctx context.Context, jobs int, orders io.Reader, replies io.Writer) error {
	f, err := fleet.New(jobs, topicOf, clock.RealClock{})
	if err != nil {
		return err
	}
	listener, port, err := fleet.Listen(ctx)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var serving errgroup.Group
	serving.Go(func() error { return f.Serve(ctx, listener) })
	defer stop()
	in, out := json.NewDecoder(orders), json.NewEncoder(replies)
	for answer := any(port); ; answer = f.Take() {
		if err := out.Encode(answer); err != nil {
			return err
		}
		if err := in.Decode(new(any)); errors.Is(err, io.EOF) {
			stop()
			return serving.Wait()
		} else if err != nil {
			return err
		}
	}
}

// jobManagers are a fleet in a process of its own, so that what it costs is not the adapter's.
type jobManagers struct {
	again
	orders  *json.Encoder
	replies *json.Decoder
	port    int
}

func startJobManagers(ctx context.Context, jobs int) (*jobManagers, error) {
	process, err := runAgain(ctx, FleetCommand, strconv.Itoa(jobs))
	if err != nil {
		return nil, fmt.Errorf("start the JobManagers: %w", err)
	}
	j := &jobManagers{again: process, orders: json.NewEncoder(process.stdin), replies: json.NewDecoder(process.stdout)}
	if err := j.replies.Decode(&j.port); err != nil {
		return nil, errors.Join(fmt.Errorf("start the JobManagers: %w", err), j.close())
	}
	return j, nil
}

// take returns the requests to each JobManager since the last take.
func (j *jobManagers) take() ([]int64, error) {
	if err := j.orders.Encode("take"); err != nil {
		return nil, fmt.Errorf("tell the JobManagers' process: %w", err)
	}
	var taken []int64
	if err := j.replies.Decode(&taken); err != nil {
		return nil, fmt.Errorf("hear from the JobManagers' process: %w", err)
	}
	return taken, nil
}
