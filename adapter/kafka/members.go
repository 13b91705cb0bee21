package kafka

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/IBM/sarama"
)

// findBrokers learns which brokers there are when nothing is known, or what was known proved wrong.
func (c *Client) findBrokers(ctx context.Context) error {
	var healthy []*broker
	for _, b := range c.brokers {
		if b.failed != nil {
			c.moved = true
		} else {
			healthy = append(healthy, b)
		}
		b.failed = nil
	}
	if len(c.brokers) > 0 && !c.moved {
		return nil
	}
	cluster, err := c.describeCluster(ctx, healthy)
	if err != nil {
		return err
	}
	brokers := make(map[int32]*broker, len(cluster))
	for id, addr := range cluster {
		if known := c.brokers[id]; known != nil && known.addr == addr {
			brokers[id] = known
		} else {
			brokers[id] = c.newBroker(id, addr)
		}
	}
	for id, b := range c.brokers {
		if brokers[id] != b {
			b.close()
		}
	}
	c.brokers, c.moved, c.listed = brokers, false, time.Time{}
	return nil
}

// describeCluster asks the brokers known to be well, then the bootstrap servers, until one of them says which brokers
// there are: id -> address.
func (c *Client) describeCluster(ctx context.Context, healthy []*broker) (map[int32]string, error) {
	for _, b := range healthy {
		if cluster, err := brokersBy(ctx, b); err == nil {
			return cluster, nil
		}
	}
	var first error
	for _, addr := range c.opts.BootstrapServers {
		b := c.newBroker(unknown, addr)
		cluster, err := brokersBy(ctx, b)
		if err == nil {
			b.disconnect()
			return cluster, nil
		}
		b.close()
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func brokersBy(ctx context.Context, b *broker) (map[int32]string, error) {
	response, err := ask(ctx, b, "DescribeCluster", func(conn *sarama.Broker) (*sarama.DescribeClusterResponse, error) {
		return conn.DescribeCluster(sarama.NewDescribeClusterRequest(b.conf.Version))
	})
	if err != nil {
		return nil, err
	}
	if response.Err != sarama.ErrNoError {
		return nil, fmt.Errorf("%s: DescribeCluster: %w", b, response.Err)
	}
	cluster := make(map[int32]string, len(response.Brokers))
	for _, member := range response.Brokers {
		cluster[member.BrokerID] = net.JoinHostPort(member.Host, strconv.Itoa(int(member.Port)))
	}
	if len(cluster) == 0 {
		return nil, fmt.Errorf("%s: DescribeCluster: it names no brokers; it may be starting", b)
	}
	return cluster, nil
}

// reachable returns the brokers that have not failed in this round, in a steady order.
func (c *Client) reachable() []*broker {
	var reachable []*broker
	for _, id := range slices.Sorted(maps.Keys(c.brokers)) {
		if b := c.brokers[id]; b.failed == nil {
			reachable = append(reachable, b)
		}
	}
	return reachable
}
