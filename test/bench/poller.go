package bench

import (
	"context"
	"fmt"
	"time"

	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
)

// poller reads the lag of the groups that it was made for.
type poller interface {
	// poll reads the lag of each group once, and tells how long that took. It fails unless every one of them is right.
	poll(ctx context.Context) (time.Duration, error)
	// forget closes all connections, so that the next poll is a cold one.
	forget() error
}

// span is the groups from one number up to, and without, another.
type span struct{ from, to int }

// The clients to compare.
const (
	ours     = "flink-hpa"
	withAges = "flink-hpa, ages" // of the oldest unread records too, which it looks up
	perGroup = "client per group"
)

func newPoller(client string, addrs []string, groups span) (poller, error) {
	switch client {
	case ours:
		return newOneClient(addrs, groups, kafka.NewKey)
	case withAges:
		return newOneClient(addrs, groups, func(group string, topics ...string) kafka.Key { return kafka.NewKey(group, topics...).WithAge() })
	case perGroup:
		return newClientPerGroup(addrs, groups), nil
	}
	return nil, fmt.Errorf("no client is called %q", client)
}

// patience is longer than any poll takes here: how long something takes is measured, not cut off.
const patience = time.Minute

// oneClient is the adapter's client.
type oneClient struct {
	opts   kafka.Options
	keys   []kafka.Key
	client *kafka.Client // nil: the next poll is a cold one
}

// newOneClient has the client as the adapter's configuration makes it by default, apart from its patience.
func newOneClient(addrs []string, groups span, key func(group string, topics ...string) kafka.Key) (*oneClient, error) {
	conf, err := config.Parse(fmt.Appendf(nil, "kafka: {clusters: [{name: bench, namespaces: ['*'], bootstrapServers: ['%s']}]}", addrs[0]))
	if err != nil {
		return nil, err
	}
	cluster := conf.Kafka.Clusters[0]
	c := &oneClient{opts: kafka.Options{
		BootstrapServers: cluster.BootstrapServers, Interval: conf.Kafka.Interval.Duration, Timeout: patience,
		MetadataMaxAge: cluster.MetadataMaxAge.Duration, Lag: cluster.Lag, Clock: clock.RealClock{},
	}}
	for group := groups.from; group < groups.to; group++ {
		c.keys = append(c.keys, key(groupName(group)))
	}
	return c, nil
}

func (c *oneClient) poll(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	if c.client == nil {
		c.client = kafka.New(c.opts)
	}
	samples := c.client.Poll(ctx, c.keys)
	took := time.Since(start)
	for _, key := range c.keys {
		sample, ok := samples[key]
		if !ok {
			return 0, fmt.Errorf("group %s: no sample", key)
		}
		total, err := kafka.Total{}, sample.Err
		if err == nil {
			total, err = sample.Value.Total(kafka.Choice{})
		}
		if err := check(key.Group, total.Lag, err); err != nil {
			return 0, err
		}
	}
	return took, nil
}

func (c *oneClient) forget() error {
	if c.client != nil {
		c.client.Close()
		c.client = nil
	}
	return nil
}

// check refuses any lag but the one that each group has.
func check(group string, got int64, err error) error {
	if err != nil {
		return fmt.Errorf("group %s: %w", group, err)
	}
	if got != lag {
		return fmt.Errorf("group %s: its lag is %d, not %d", group, got, lag)
	}
	return nil
}
