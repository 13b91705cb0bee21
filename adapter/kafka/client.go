// Package kafka reads how far consumer groups are behind, and where the logs of topics end.
//
// A Client polls one cluster, in batches: one OffsetFetch for each coordinator, in parallel, then one ListOffsets for
// each leader, for the union of the groups' topics and of those that are asked for without a group. What changes seldom is
// remembered: which brokers there are, which of them coordinates which group (one ListGroups for each broker), who leads a
// partition (one Metadata). A coordinator or leader that has moved is followed within the round. A failure costs an error to those
// groups and topics alone that need the broker in question, and has the memory refreshed in the next round.
//
// The arithmetic is apart from all I/O: where a group stands (lag.go), its rhythm of commits (cadence.go), when which
// record was written (trail.go), and where a log ended when (ends.go).
package kafka

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// requestsInARow is how many answers a round may have to wait for one after the other: DescribeCluster, ListGroups,
// OffsetFetch, Metadata and ListOffsets, of which a broker that hangs spoils one, twice as long when it is new: it isn't asked again.
const requestsInARow = 4

// forgetAfter is how long what was learned of a group or a topic is kept that no round has asked for.
const forgetAfter = 10 * time.Minute

// Options of a client.
type Options struct {
	BootstrapServers []string      // host:port
	Interval         time.Duration // between the starts of two rounds
	Timeout          time.Duration // of a round; one request gets a part of it
	MetadataMaxAge   time.Duration // how long partitions and log start offsets of a topic are believed
	Lag              config.Lag
	Secure           Secure // nil: plaintext, nobody
	Meter            Meter  // may be nil
	Clock            clock.PassiveClock
}

// Secure puts TLS and SASL settings into a configuration that has none. changed tells that they are other ones than those of the
// last call without error; it is true for the first.
type Secure func(*sarama.Config) (changed bool, err error)

// Client polls one Kafka cluster of version 3.0 or newer. It connects with the first poll, and again by itself.
// It is not safe for concurrent use.
type Client struct {
	opts  Options
	meter Meter

	request time.Duration // time-out of one
	conf    *sarama.Config
	refused string // why the newest settings of Secure are not in conf

	brokers      map[int32]*broker
	coordinators map[string]int32     // group -> broker, of every group that ListGroups named
	listed       time.Time            // when ListGroups was last sent; zero: not to these brokers
	absent       map[string]time.Time // groups that were asked for and that it did not name, since when
	listFailure  error                // of a broker that did not answer it: its groups are not in coordinators
	topics       map[string]*topic
	names        topicNames
	cadences     map[string]*cadence         // of groups
	lost         map[string]map[string]int64 // group -> topic -> records that the meter was told of
	moved        bool                        // a broker failed or isn't what it was to us: ask anew who is who
}

// New returns a client that has not connected to anything.
func New(opts Options) *Client {
	c := &Client{
		opts: opts, meter: opts.Meter, request: opts.Timeout / requestsInARow, brokers: map[int32]*broker{},
		absent: map[string]time.Time{}, topics: map[string]*topic{}, cadences: map[string]*cadence{}, lost: map[string]map[string]int64{},
	}
	if c.meter == nil {
		c.meter = unmetered{}
	}
	return c
}

// Close ends all connections.
func (c *Client) Close() {
	for _, b := range c.brokers {
		b.close()
	}
	for group := range c.lost {
		c.noteLost(group, nil)
	}
}

// Poll takes one sample for each key, by the deadline of ctx.
func (c *Client) Poll(ctx context.Context, keys []Key) map[Key]snapshot.Sample[Group] {
	asked, logKeys, names := byGroup(keys)
	samples := make(map[Key]snapshot.Sample[Group], len(keys))
	put := func(q *questions, sample snapshot.Sample[Group]) {
		for _, key := range q.keys {
			samples[key] = sample
		}
	}
	if err := c.prepare(ctx); err != nil {
		for _, key := range keys {
			samples[key] = snapshot.Fail[Group](err)
		}
		return samples
	}
	at := c.opts.Clock.Now()
	standings, failures := c.standings(ctx, asked)
	for group, err := range failures {
		put(asked[group], snapshot.Fail[Group](err))
	}
	resolved := c.resolve(ctx, names)
	logs := c.readLogs(ctx, standings, resolved)
	c.lookUp(ctx, standings, logs)
	for _, s := range standings {
		put(s.asked, snapshot.Sample[Group]{Value: c.assess(s, logs, at), Time: at})
	}
	known := c.look(resolved, logs)
	for _, key := range logKeys {
		samples[key] = snapshot.Sample[Group]{Value: pick(key, known), Time: at}
	}
	c.forget(at)
	c.meter.Tracked(len(asked), partitionsOf(logs))
	return samples
}

// prepare makes sure of the settings and of the brokers.
func (c *Client) prepare(ctx context.Context) error {
	if err := c.configure(ctx); err != nil {
		return err
	}
	return c.findBrokers(ctx)
}

// configure takes settings that were renewed, on new connections. Where they can't be read the old ones stay.
func (c *Client) configure(ctx context.Context) error {
	next, changed := c.plain(), c.conf == nil
	if c.opts.Secure != nil {
		renewed, err := c.opts.Secure(next)
		switch {
		case err != nil && c.conf == nil:
			c.meter.Failed(failedAuthentication)
			return fmt.Errorf("connect: %w", err)
		case err != nil:
			c.meter.Failed(failedAuthentication)
			if c.refused != err.Error() {
				c.refused = err.Error()
				klog.FromContext(ctx).Error(err, "Renewed connection settings refused; the old ones stay")
			}
			return nil
		}
		c.refused = ""
		changed = changed || renewed
	}
	if !changed {
		return nil
	}
	c.conf = next
	for id, b := range c.brokers {
		b.close()
		c.brokers[id] = c.newBroker(id, b.addr)
	}
	return nil
}

// plain is the configuration without security.
func (c *Client) plain() *sarama.Config {
	socket := c.request * 9 / 10 // ends first, so that a broker that hangs seldom leaves a goroutine behind
	conf := sarama.NewConfig()
	conf.ClientID = "flink-hpa-adapter"
	conf.Version = sarama.V3_0_0_0 // the first with many groups in one OffsetFetch; lowered for each broker as it tells
	conf.Net.DialTimeout, conf.Net.ReadTimeout, conf.Net.WriteTimeout = socket, socket, socket
	return conf
}

func (c *Client) newBroker(id int32, addr string) *broker {
	return newBroker(id, addr, c.conf, c.request, c.meter)
}

// forget drops what was learned of groups that are not asked for any more.
func (c *Client) forget(now time.Time) {
	maps.DeleteFunc(c.absent, func(_ string, since time.Time) bool { return now.Sub(since) >= forgetAfter })
	for group, cadence := range c.cadences {
		if now.Sub(cadence.polled) >= forgetAfter {
			delete(c.cadences, group)
			c.noteLost(group, nil)
		}
	}
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
