package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Connect opens the one client that the generator and the probe share. Its requests give up after a few seconds.
// The caller closes it, after the generator's run has ended.
func Connect(brokers []string) (sarama.Client, error) {
	client, err := sarama.NewClient(brokers, clientConfig())
	if err != nil {
		return nil, fmt.Errorf("kafka brokers %v: %w", brokers, err)
	}
	return client, nil
}

func clientConfig() *sarama.Config {
	c := sarama.NewConfig()
	c.ClientID = "flink-hpa-load"
	c.Version = sarama.V3_6_0_0
	c.Net.DialTimeout = 5 * time.Second
	c.Net.ReadTimeout = 10 * time.Second
	c.Net.WriteTimeout = 5 * time.Second
	// Idempotent, so that a retry adds no record twice: what was acknowledged is what the log grew by.
	c.Producer.Idempotent = true
	c.Net.MaxOpenRequests = 1
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Retry.Max = 20
	c.Producer.Retry.Backoff = 250 * time.Millisecond
	c.Producer.Flush.Frequency = 10 * time.Millisecond
	c.Producer.Return.Successes = true
	c.Producer.Return.Errors = true
	return c
}

// CreateTopic makes a topic with one replica, and returns once each of its partitions has a leader that answers. A topic
// that is there already is left as it is, and is an error when its number of partitions differs.
func CreateTopic(ctx context.Context, client sarama.Client, topic string, partitions int32) error {
	probe, err := NewProbe(client)
	if err != nil {
		return err
	}
	err = probe.admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false)
	if err != nil && !errors.Is(err, sarama.ErrTopicAlreadyExists) {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	var have Offsets
	var pending error
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) {
		have, pending = probe.LogEndOffsets(topic)
		return pending == nil, nil
	})
	if err != nil {
		return fmt.Errorf("create topic %s: %w", topic, errors.Join(err, pending))
	}
	if len(have) != int(partitions) {
		return fmt.Errorf("topic %s has %d partitions, not %d: delete it or take another name", topic, len(have), partitions)
	}
	return nil
}

// partitionsOf asks the brokers anew, so that added partitions are seen.
func partitionsOf(client sarama.Client, topic string) ([]int32, error) {
	if err := client.RefreshMetadata(topic); err != nil {
		return nil, fmt.Errorf("partitions of topic %s: %w", topic, err)
	}
	ids, err := client.Partitions(topic)
	if err != nil {
		return nil, fmt.Errorf("partitions of topic %s: %w", topic, err)
	}
	return ids, nil
}
