package kafka

import (
	"maps"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/IBM/sarama"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// cluster is a few mock brokers and what they answer. A test changes its fields, then calls serve.
type cluster struct {
	t       *testing.T
	clock   *clocktesting.FakeClock
	brokers map[int32]*sarama.MockBroker
	groups  map[string]int32                      // group -> coordinator
	commits map[string]map[string]map[int32]int64 // group -> topic -> partition -> offset
	leaders map[string][]int32                    // topic -> leader of each partition
	starts  map[string]int64                      // topic -> log start, the same on each partition
	ends    map[string]int64
	rules   config.Lag
}

const metadataMaxAge = time.Minute

// newCluster: broker 1 coordinates "a", broker 2 "b"; they lead one partition each of "orders", which both groups read.
func newCluster(t *testing.T) *cluster {
	c := &cluster{
		t: t, clock: clocktesting.NewFakeClock(time.Unix(1_000_000, 0)), brokers: map[int32]*sarama.MockBroker{},
		groups:  map[string]int32{"a": 1, "b": 2},
		commits: map[string]map[string]map[int32]int64{"a": {"orders": {0: 90, 1: 80}}, "b": {"orders": {0: 100, 1: 99}}},
		leaders: map[string][]int32{"orders": {1, 2}},
		starts:  map[string]int64{"orders": 10},
		ends:    map[string]int64{"orders": 100},
		rules:   config.DefaultLag(),
	}
	for id := range int32(2) {
		c.brokers[id+1] = sarama.NewMockBrokerAddr(t, id+1, "127.0.0.1:0")
	}
	t.Cleanup(func() {
		for _, b := range c.brokers {
			b.Close()
		}
	})
	c.serve()
	return c
}

func (c *cluster) client() *Client { return c.metered(nil) }

func (c *cluster) metered(meter Meter) *Client {
	client := New(Options{
		BootstrapServers: []string{c.brokers[1].Addr()}, Interval: 5 * time.Second, Timeout: 6 * time.Second, MetadataMaxAge: metadataMaxAge,
		Lag: c.rules, Meter: meter, Clock: c.clock,
	})
	c.t.Cleanup(client.Close)
	return client
}

// stop ends a broker. It stays a member as far as the others know.
func (c *cluster) stop(id int32) (addr string) {
	addr = c.brokers[id].Addr()
	c.brokers[id].Close()
	delete(c.brokers, id)
	return addr
}

func (c *cluster) serve() {
	for id, b := range c.brokers {
		b.SetHandlerByMap(c.answers(id))
	}
}

// answersWith serves one broker with some answers replaced; a nil answer is never sent.
func (c *cluster) answersWith(id int32, replaced map[string]sarama.MockResponse) {
	answers := c.answers(id)
	maps.Copy(answers, replaced)
	c.brokers[id].SetHandlerByMap(answers)
}

func (c *cluster) answers(id int32) map[string]sarama.MockResponse {
	members := &sarama.DescribeClusterResponse{}
	metadata := sarama.NewMockMetadataResponse(c.t)
	for id, b := range c.brokers {
		host, port, _ := net.SplitHostPort(b.Addr())
		number, _ := strconv.Atoi(port)
		members.Brokers = append(members.Brokers, &sarama.DescribeClusterBroker{BrokerID: id, Host: host, Port: int32(number)})
		metadata.SetBroker(b.Addr(), id)
	}
	offsets := sarama.NewMockOffsetResponse(c.t)
	for topic, leaders := range c.leaders {
		for partition, leader := range leaders {
			metadata.SetLeader(topic, int32(partition), leader)
			offsets.SetOffset(topic, int32(partition), sarama.OffsetNewest, c.ends[topic])
			offsets.SetOffset(topic, int32(partition), sarama.OffsetOldest, c.starts[topic])
		}
	}
	groups := sarama.NewMockListGroupsResponse(c.t)
	commits := sarama.NewMockOffsetFetchResponse(c.t)
	for group, coordinator := range c.groups {
		if coordinator != id {
			continue
		}
		groups.AddGroup(group, "consumer")
		for topic, partitions := range c.commits[group] {
			for partition, offset := range partitions {
				commits.SetOffset(group, topic, partition, offset, "", sarama.ErrNoError)
			}
		}
	}
	return map[string]sarama.MockResponse{
		"ApiVersionsRequest": sarama.NewMockApiVersionsResponse(c.t).SetApiKeys([]sarama.ApiVersionsResponseKey{
			{ApiKey: 2, MaxVersion: 7}, {ApiKey: 3, MaxVersion: 12}, {ApiKey: 9, MaxVersion: 8}, {ApiKey: 16, MaxVersion: 4}, {ApiKey: 60, MaxVersion: 0},
		}),
		"DescribeClusterRequest": sarama.NewMockWrapper(members),
		"ListGroupsRequest":      groups,
		"OffsetFetchRequest":     commits,
		"MetadataRequest":        metadata,
		"OffsetRequest":          offsets,
	}
}

// requests counts what all brokers were asked so far, without the handshake.
func (c *cluster) requests() map[string]int {
	counts := map[string]int{}
	for _, b := range c.brokers {
		for _, exchange := range b.History() {
			switch exchange.Request.(type) {
			case *sarama.DescribeClusterRequest:
				counts["DescribeCluster"]++
			case *sarama.ListGroupsRequest:
				counts["ListGroups"]++
			case *sarama.OffsetFetchRequest:
				counts["OffsetFetch"]++
			case *sarama.MetadataRequest:
				counts["Metadata"]++
			case *sarama.OffsetRequest:
				counts["ListOffsets"]++
			}
		}
	}
	return counts
}
