// Package kafka reads how far consumer groups are behind.
//
// A Client polls one cluster, in batches: one OffsetFetch for each coordinator, in parallel, then one ListOffsets for
// each leader, for the union of the groups' topics. What changes seldom is remembered: which brokers there are, which
// of them coordinates which group (one ListGroups for each broker), who leads a partition (one Metadata). A failure
// costs an error to those groups alone that need the broker in question, and has the memory refreshed in the next round.
//
// The arithmetic is in lag.go, apart from all I/O.
package kafka

import (
	"context"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// requestsInARow is how many answers a round may have to wait for one after the other: DescribeCluster, ListGroups,
// OffsetFetch, Metadata and ListOffsets, of which a broker that hangs spoils one or two: it isn't asked again.
const requestsInARow = 4

// Options of a client.
type Options struct {
	BootstrapServers []string      // host:port
	Timeout          time.Duration // of a round; one request gets a part of it
	Clock            clock.PassiveClock
}

// Client polls one Kafka cluster of version 3.0 or newer. It connects with the first poll, and again by itself.
// It is not safe for concurrent use.
type Client struct {
	opts Options
	conf *sarama.Config

	request time.Duration // time-out of one

	brokers      map[int32]*broker
	coordinators map[string]int32 // group -> broker, of every group that ListGroups named
	listed       time.Time        // when ListGroups was last sent
	listFailure  error            // of a broker that did not answer it: its groups are not in coordinators
	topics       map[string]topic
	moved        bool // a broker failed or isn't what it was to us: ask anew who is who
}

// New returns a client that has not connected to anything.
func New(opts Options) *Client {
	request := opts.Timeout / requestsInARow
	socket := request * 9 / 10 // ends first, so that a broker that hangs seldom leaves a goroutine behind
	conf := sarama.NewConfig()
	conf.ClientID = "flink-hpa-adapter"
	conf.Version = sarama.V3_0_0_0 // the first with many groups in one OffsetFetch; lowered for each broker as it tells
	conf.Net.DialTimeout, conf.Net.ReadTimeout, conf.Net.WriteTimeout = socket, socket, socket
	return &Client{opts: opts, conf: conf, request: request, brokers: map[int32]*broker{}, topics: map[string]topic{}}
}

// Close ends all connections.
func (c *Client) Close() {
	for _, b := range c.brokers {
		b.close()
	}
}

// Poll takes one sample of each group, by the deadline of ctx.
func (c *Client) Poll(ctx context.Context, groups []string) map[string]snapshot.Sample[Group] {
	samples := make(map[string]snapshot.Sample[Group], len(groups))
	if err := c.findBrokers(ctx); err != nil {
		for _, group := range groups {
			samples[group] = snapshot.Fail[Group](err)
		}
		return samples
	}
	at := c.opts.Clock.Now()
	commits, failures := c.committed(ctx, groups)
	for group, err := range failures {
		samples[group] = snapshot.Fail[Group](err)
	}
	logs := c.readLogs(ctx, commits)
	for group, topics := range commits {
		samples[group] = snapshot.Sample[Group]{Value: join(topics, logs), Time: at}
	}
	return samples
}

// atOnce runs f for each broker id with its work, in parallel, and waits for all. It is as slow as the slowest answer,
// at most a request's time-out.
func atOnce[W any](work map[int32]W, f func(id int32, work W)) {
	var all sync.WaitGroup
	for id, w := range work {
		all.Go(func() { f(id, w) })
	}
	all.Wait()
}
