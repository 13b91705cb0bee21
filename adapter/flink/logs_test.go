package flink

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/IBM/sarama"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// partition is where a log starts and ends, by the seconds since the broker was made.
type partition struct {
	start int64
	end   func(seconds float64) int64
}

// growing is a partition that began with so many records and is written to at that rate.
func growing(from int64, perSecond float64) partition {
	return partition{end: func(seconds float64) int64 { return from + int64(seconds*perSecond) }}
}

// empty is one whose records are all deleted.
func empty(at int64) partition {
	return partition{start: at, end: func(float64) int64 { return at }}
}

// broker is a Kafka cluster of one, as our own client has watched it.
type broker struct {
	t      testing.TB
	mock   *sarama.MockBroker
	clock  *clocktesting.FakeClock
	made   time.Time
	client *kafka.Client
	topics map[string][]partition
	latest map[string]kafka.Log
}

func newBroker(t testing.TB, clock *clocktesting.FakeClock, topics map[string][]partition) *broker {
	b := &broker{t: t, mock: sarama.NewMockBrokerAddr(t, 1, "127.0.0.1:0"), clock: clock, made: clock.Now(), topics: topics}
	t.Cleanup(b.mock.Close)
	b.client = kafka.New(kafka.Options{
		BootstrapServers: []string{b.mock.Addr()}, Interval: 5 * time.Second, Timeout: 30 * time.Second, MetadataMaxAge: time.Minute,
		Lag: config.DefaultLag(), Clock: clock,
	})
	t.Cleanup(b.client.Close)
	return b
}

// look has the client look at the logs now.
func (b *broker) look() {
	host, port, _ := net.SplitHostPort(b.mock.Addr())
	number, _ := strconv.Atoi(port)
	members := &sarama.DescribeClusterResponse{Brokers: []*sarama.DescribeClusterBroker{{BrokerID: 1, Host: host, Port: int32(number)}}}
	metadata := sarama.NewMockMetadataResponse(b.t).SetBroker(b.mock.Addr(), 1)
	offsets := sarama.NewMockOffsetResponse(b.t)
	names := []string{}
	for name, partitions := range b.topics {
		names = append(names, name)
		for i, p := range partitions {
			metadata.SetLeader(name, int32(i), 1)
			offsets.SetOffset(name, int32(i), sarama.OffsetNewest, p.end(b.clock.Since(b.made).Seconds()))
			offsets.SetOffset(name, int32(i), sarama.OffsetOldest, p.start)
		}
	}
	b.mock.SetHandlerByMap(map[string]sarama.MockResponse{
		"ApiVersionsRequest": sarama.NewMockApiVersionsResponse(b.t).SetApiKeys([]sarama.ApiVersionsResponseKey{
			{ApiKey: 2, MaxVersion: 7}, {ApiKey: 3, MaxVersion: 12}, {ApiKey: 60, MaxVersion: 0},
		}),
		"DescribeClusterRequest": sarama.NewMockWrapper(members),
		"MetadataRequest":        metadata,
		"OffsetRequest":          offsets,
	})
	key := kafka.LogsKey(names...)
	sample := b.client.Poll(context.Background(), []kafka.Key{key})[key]
	if sample.Err != nil {
		b.t.Fatal(sample.Err)
	}
	b.latest = sample.Value.Logs
}

// Logs are those of the newest look, whichever cluster they are asked of.
func (b *broker) Logs(_ string, topics []string) snapshot.Sample[kafka.Group] {
	if b.latest == nil {
		return snapshot.Fail[kafka.Group](snapshot.ErrNone)
	}
	group := kafka.Group{Logs: map[string]kafka.Log{}}
	for _, topic := range topics {
		group.Logs[topic] = b.latest[topic]
	}
	return snapshot.Sample[kafka.Group]{Value: group, Time: b.clock.Now()}
}

// watched are logs that were looked at each five seconds, for so long.
func watched(t testing.TB, clock *clocktesting.FakeClock, topics map[string][]partition, length time.Duration) logs {
	b := newBroker(t, clock, topics)
	b.look()
	for passed := time.Duration(0); passed < length; passed += 5 * time.Second {
		clock.Step(5 * time.Second)
		b.look()
	}
	return logs{byTopic: b.latest}
}
