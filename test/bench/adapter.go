package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

const (
	askedGroups  = 1000
	roundsServed = 5 // before memory is read
	noGroups     = "before any group was asked for"
	lagMetric    = "kafka_consumergroup_lag"
)

// AdapterMemory measures the memory of the adapter itself, all of it, beside a bed's own: first idle, then with groups that
// are polled because somebody asked for them.
func AdapterMemory(ctx context.Context, b *bed.Bed, root string) (results []Result, err error) {
	c, err := startCluster()
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.addGroups(ctx, askedGroups); err != nil {
		return nil, err
	}
	a, err := startAdapter(ctx, b, root, c.configuration())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	idle, err := residentMemory(a.PID())
	if err != nil {
		return nil, err
	}
	if err := askAll(ctx, a.client, lagQuestions(askedGroups)); err != nil {
		return nil, fmt.Errorf("%w; the adapter's log is in %s", err, b.Logs)
	}
	if err := c.waitForRounds(ctx, roundsServed); err != nil {
		return nil, err
	}
	asked, err := residentMemory(a.PID())
	if err != nil {
		return nil, err
	}
	b.Line("\nThe adapter's memory at its peak: %.0f MiB idle, %.0f MiB with %d consumer groups.", idle, asked, askedGroups)
	return []Result{{
		Name: "adapter_rss_mib", Case: fmt.Sprintf("groups=%d", askedGroups), Unit: "MiB", Value: asked, Baseline: &idle, BaselineName: noGroups,
	}}, nil
}

// configuration is the adapter's, for these brokers.
func (c *cluster) configuration() string {
	return fmt.Sprintf("kafka: {clusters: [{name: bench, namespaces: ['*'], bootstrapServers: ['%s']}]}\n", strings.Join(c.addrs, "', '"))
}

// lagQuestions are the lags of the first groups. Nothing but the lag that each of them has will do.
func lagQuestions(groups int) []question {
	questions := make([]question, groups)
	for group := range questions {
		questions[group] = question{
			namespace: namespace, metric: lagMetric, selector: labels.Set{"group": groupName(group)},
			check: func(value float64) error { return check(groupName(group), int64(value), nil) },
		}
	}
	return questions
}

// waitForRounds returns when the brokers have seen that many more polls of all groups.
func (c *cluster) waitForRounds(ctx context.Context, rounds int) error {
	c.take()
	requests := 0
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, false, func(context.Context) (bool, error) {
		requests += c.take().requests
		return requests >= rounds*2*brokers, nil
	})
	if err != nil {
		return fmt.Errorf("wait for %d polls, after %d requests: %w", rounds, requests, err)
	}
	return nil
}
