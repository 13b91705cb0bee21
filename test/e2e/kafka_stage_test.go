//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	externalmetrics "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

// stage is the secure Kafka cluster, and means to make groups and topics on it what a test needs them to be. It uses the
// brokers' internal listener, so that it shares nothing with the adapter.
type stage struct {
	*bed.SecureKafka
	admin    sarama.ClusterAdmin
	producer sarama.SyncProducer
}

func newStage(t *testing.T) *stage {
	t.Helper()
	k, err := cluster.StartSecureKafka(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := cluster.Run(context.WithoutCancel(t.Context()), "delete", "namespace", bed.SecureNamespace, "--wait=false"); err != nil {
			t.Error(err)
		}
	})
	s := &stage{SecureKafka: k}
	client, err := sarama.NewClient(k.Internal, stageConfig())
	if err != nil {
		t.Fatal(err)
	}
	if s.admin, err = sarama.NewClusterAdminFromClient(client); err != nil {
		t.Fatal(err)
	}
	if s.producer, err = sarama.NewSyncProducerFromClient(client); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(s.producer.Close(), s.admin.Close()) })
	return s
}

func stageConfig() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V3_6_0_0
	c.Metadata.RefreshFrequency = 5 * time.Second
	c.Producer.Partitioner = sarama.NewManualPartitioner
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Retry.Max = 40
	c.Producer.Return.Successes = true
	return c
}

// topic makes a topic whose partitions have these replicas, the leader first, and returns when each has its leader.
func (s *stage) topic(t *testing.T, name string, replicas ...[]int32) {
	t.Helper()
	detail := &sarama.TopicDetail{NumPartitions: -1, ReplicationFactor: -1, ReplicaAssignment: map[int32][]int32{}}
	for partition, on := range replicas {
		detail.ReplicaAssignment[int32(partition)] = on
	}
	eventually(t, rounds, "topic "+name+" is made", func(context.Context) error {
		return s.admin.CreateTopic(name, detail, false)
	})
	for partition, on := range replicas {
		s.ledBy(t, name, int32(partition), on[0])
	}
}

// ledBy waits until a partition's leader is that broker.
func (s *stage) ledBy(t *testing.T, topic string, partition, broker int32) {
	t.Helper()
	eventually(t, rounds, fmt.Sprintf("broker %d leads %s-%d", broker, topic, partition), func(context.Context) error {
		topics, err := s.admin.DescribeTopics([]string{topic})
		if err != nil {
			return err
		}
		for _, p := range topics[0].Partitions {
			if p.ID == partition && p.Leader == broker {
				return nil
			}
		}
		return fmt.Errorf("the topic is %+v", topics[0])
	})
}

// produce writes n records to one partition.
func (s *stage) produce(t *testing.T, topic string, partition int32, n int) {
	t.Helper()
	if err := s.send(topic, partition, n); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) send(topic string, partition int32, n int) error {
	records := make([]*sarama.ProducerMessage, n)
	for i := range records {
		records[i] = &sarama.ProducerMessage{Topic: topic, Partition: partition, Value: sarama.StringEncoder("record")}
	}
	return s.producer.SendMessages(records)
}

// commit commits a group's offsets on a topic, by partition, as Flink does: without being a member.
func (s *stage) commit(t *testing.T, group, topic string, offsets ...int64) {
	t.Helper()
	eventually(t, rounds, "group "+group+" commits", func(context.Context) error {
		return s.tryCommit(group, topic, offsets...)
	})
}

func (s *stage) tryCommit(group, topic string, offsets ...int64) error {
	blocks := map[int32]sarama.OffsetAndMetadata{}
	for partition, offset := range offsets {
		blocks[int32(partition)] = sarama.OffsetAndMetadata{Offset: offset, LeaderEpoch: -1}
	}
	response, err := s.admin.AlterConsumerGroupOffsets(group, map[string]map[int32]sarama.OffsetAndMetadata{topic: blocks}, nil)
	if err != nil {
		return err
	}
	for partition := range blocks {
		if code := response.Errors[topic][partition]; code != sarama.ErrNoError {
			return fmt.Errorf("partition %d: %w", partition, code)
		}
	}
	return nil
}

// coordinator is the broker that a group's commits are kept by.
func (s *stage) coordinator(t *testing.T, group string) int32 {
	t.Helper()
	broker, err := s.admin.Coordinator(group)
	if err != nil {
		t.Fatal(err)
	}
	return broker.ID()
}

// read is what the API server answers to an HPA that selects like this.
func read(ctx context.Context, metric, selector string) (float64, error) {
	return readIn(ctx, bed.SampleNamespace, metric, selector)
}

func readIn(ctx context.Context, namespace, metric, selector string) (float64, error) {
	result := cluster.Client.Discovery().RESTClient().Get().Param("labelSelector", selector).
		AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces/" + namespace + "/" + metric).Do(ctx)
	if err := result.Error(); err != nil { // with the adapter's own words
		return 0, err
	}
	answer, err := result.Raw()
	if err != nil {
		return 0, err
	}
	var list externalmetrics.ExternalMetricValueList
	if err := json.Unmarshal(answer, &list); err != nil {
		return 0, err
	}
	if len(list.Items) != 1 {
		return 0, fmt.Errorf("%d items, not one: %s", len(list.Items), answer)
	}
	return list.Items[0].Value.AsApproximateFloat64(), nil
}

// reads is content when the lag that the selector asks for is that number.
func reads(selector string, want float64) func(context.Context) error {
	return func(ctx context.Context) error {
		got, err := read(ctx, lagMetric, selector)
		if err == nil && got != want {
			err = fmt.Errorf("%s is %v, not %v", selector, got, want)
		}
		return err
	}
}

// refuses is content when there is an error instead of a number, in words that have each of these in them.
func refuses(metric, selector string, words ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		got, err := read(ctx, metric, selector)
		if err == nil {
			return fmt.Errorf("%s is %v, not an error", selector, got)
		}
		for _, word := range words {
			if !strings.Contains(err.Error(), word) {
				return fmt.Errorf("the error lacks %q: %w", word, err)
			}
		}
		return nil
	}
}
