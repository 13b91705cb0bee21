package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"
)

// What the brokers hold. A group has committed one topic, topicOf; the topics are shared by the groups in turn.
const (
	brokers    = 6
	topics     = 100
	partitions = 12
	records    = 10 // in each partition
)

// lag is that of each group: commits says where it stands in each partition.
const lag = partitions / 2

// commits is what a group has committed of a partition: all of the even ones, all but one record of the odd ones. It is far
// from the log's start, as a group that keeps up is.
func commits(partition int32) int64 { return records - int64(partition%2) }

func groupName(i int) string { return fmt.Sprintf("group-%05d", i) }

func topicName(i int) string { return fmt.Sprintf("topic-%03d", i) }

func topicOf(group int) string { return topicName(group % topics) }

// traffic is what brokers have seen. A handshake is the ApiVersions that a client sends first on each connection; it
// is none of the requests.
type traffic struct {
	requests, handshakes, connections int
}

// cluster is six brokers in this process, which count what they are asked.
type cluster struct {
	fake   *kfake.Cluster
	addrs  []string // by broker id
	groups int      // that have committed

	mu   sync.Mutex
	seen traffic
}

// startCluster returns brokers with all topics and records, and no group.
func startCluster() (*cluster, error) {
	names := make([]string, topics)
	for i := range names {
		names[i] = topicName(i)
	}
	c := &cluster{}
	fake, err := kfake.NewCluster(kfake.NumBrokers(brokers), kfake.SeedTopics(partitions, names...), kfake.ListenFn(c.listen))
	if err != nil {
		return nil, fmt.Errorf("start the brokers: %w", err)
	}
	c.fake, c.addrs = fake, fake.ListenAddrs()
	fake.Control(func(request kmsg.Request) (kmsg.Response, error, bool) {
		handshake := request.Key() == int16(kmsg.ApiVersions)
		c.count(func(t *traffic) {
			if handshake {
				t.handshakes++
			} else {
				t.requests++
			}
		})
		return nil, nil, false // the broker answers
	})
	if err := c.produce(); err != nil {
		fake.Close()
		return nil, fmt.Errorf("fill the topics: %w", err)
	}
	return c, nil
}

func (c *cluster) close() { c.fake.Close() }

func (c *cluster) count(add func(*traffic)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	add(&c.seen)
}

// take returns what the brokers have seen since the last take.
func (c *cluster) take() traffic {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen
	c.seen = traffic{}
	return seen
}

func (c *cluster) listen(network, address string) (net.Listener, error) {
	listener, err := net.Listen(network, address)
	return &countingListener{Listener: listener, cluster: c}, err
}

type countingListener struct {
	net.Listener
	cluster *cluster
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.cluster.count(func(t *traffic) { t.connections++ })
	}
	return conn, err
}

func (c *cluster) produce() error {
	conf := sarama.NewConfig()
	conf.Producer.Return.Successes = true
	conf.Producer.Partitioner = sarama.NewManualPartitioner
	producer, err := sarama.NewSyncProducer(c.addrs, conf)
	if err != nil {
		return err
	}
	var messages []*sarama.ProducerMessage
	for topic := range topics {
		for i := range partitions * records {
			messages = append(messages, &sarama.ProducerMessage{Topic: topicName(topic), Partition: int32(i % partitions), Value: sarama.StringEncoder("x")})
		}
	}
	return errors.Join(producer.SendMessages(messages), producer.Close())
}

// addGroups has groups commit until there are that many.
func (c *cluster) addGroups(ctx context.Context, upTo int) error {
	byCoordinator := make([][]int, brokers)
	for group := c.groups; group < upTo; group++ {
		id := c.fake.CoordinatorFor(groupName(group))
		byCoordinator[id] = append(byCoordinator[id], group)
	}
	all, ctx := errgroup.WithContext(ctx)
	for id, groups := range byCoordinator {
		all.Go(func() error { return commitAll(ctx, c.addrs[id], groups) })
	}
	if err := all.Wait(); err != nil {
		return fmt.Errorf("commit offsets: %w", err)
	}
	c.groups = upTo
	return nil
}

func commitAll(ctx context.Context, addr string, groups []int) (err error) {
	conn := sarama.NewBroker(addr)
	if err := conn.Open(sarama.NewConfig()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for _, group := range groups {
		request := &sarama.OffsetCommitRequest{
			Version: 2, ConsumerGroup: groupName(group), ConsumerGroupGeneration: sarama.GroupGenerationUndefined, RetentionTime: -1,
		}
		for partition := range int32(partitions) {
			request.AddBlock(topicOf(group), partition, commits(partition), sarama.ReceiveTime, "")
		}
		response, err := conn.CommitOffset(request)
		if err := errors.Join(ctx.Err(), err); err != nil {
			return err
		}
		for _, failure := range response.Errors[topicOf(group)] {
			if failure != sarama.ErrNoError {
				return fmt.Errorf("group %s: %w", groupName(group), failure)
			}
		}
	}
	return nil
}
