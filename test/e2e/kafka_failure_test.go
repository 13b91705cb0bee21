//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

func (s *stage) aLeaderThatMoves(t *testing.T) {
	s.topic(t, "moves", []int32{0, 1})
	s.produce(t, "moves", 0, 7)
	s.commit(t, "moves", "moves", 0)
	const selector = "cluster=secure,group=moves"
	eventually(t, rounds, "the lag is known", reads(selector, 7))
	whileThat(t, selector, 7, true, func() {
		if err := s.admin.AlterPartitionReassignments("moves", [][]int32{{2, 1}}); err != nil {
			t.Fatal(err)
		}
		s.ledBy(t, "moves", 0, 2)
		eventually(t, rounds, "the new leader is asked", reads(selector, 7))
	})
	s.produce(t, "moves", 0, 1)
	eventually(t, rounds, "what the new leader got counts", reads(selector, 8))
}

func (s *stage) aBrokerThatDies(t *testing.T) {
	const dead = 2
	s.topic(t, "only-there", []int32{dead})
	s.topic(t, "led-there", []int32{dead, 0, 1})
	s.topic(t, "elsewhere", []int32{0}, []int32{1})
	for _, topic := range []string{"only-there", "led-there", "elsewhere"} {
		s.produce(t, topic, 0, 9)
	}
	group := func(kind string, there bool) string {
		for i := 0; ; i++ {
			if name := fmt.Sprintf("%s-%d", kind, i); (s.coordinator(t, name) == dead) == there {
				return name
			}
		}
	}
	apart, follower, bystander := group("apart", false), group("follower", true), group("bystander", false)
	s.commit(t, apart, "only-there", 1)
	s.commit(t, follower, "led-there", 2)
	s.commit(t, bystander, "elsewhere", 3, 0)
	known := func(group string, lag float64) {
		eventually(t, 3*time.Minute, "the lag of "+group, reads("cluster=secure,group="+group, lag))
	}
	known(apart, 8)
	known(follower, 7)
	known(bystander, 6)
	whileThat(t, "cluster=secure,group="+bystander, 6, false, func() {
		whileThat(t, "cluster=secure,group="+apart, 8, true, func() {
			whileThat(t, "cluster=secure,group="+follower, 7, true, func() {
				scale(t, bed.SecureNamespace, bed.SecureBrokers, dead)
				eventually(t, rounds, "what only the dead broker has is refused",
					refuses(lagMetric, "cluster=secure,group="+apart, "only-there"))
				_, err := read(t.Context(), lagMetric, "cluster=secure,group="+apart)
				t.Logf("a broker that is gone: %v", err)
				known(follower, 7)
				scale(t, bed.SecureNamespace, bed.SecureBrokers, dead+1)
				known(apart, 8)
				known(follower, 7)
			})
		})
	})
	s.produce(t, "led-there", 0, 1)
	known(follower, 8)
	eventually(t, rounds, "a new connection shows the renewed password", reads(rotated, quietLag))
}

func (s *stage) aTopicMadeAnew(t *testing.T) {
	s.topic(t, "kept", []int32{0, 1, 2})
	s.topic(t, "anew", []int32{1, 2, 0}, []int32{2, 0, 1})
	s.produce(t, "kept", 0, 2)
	s.produce(t, "anew", 0, 10)
	s.produce(t, "anew", 1, 10)
	s.commit(t, "anew", "kept", 0)
	s.commit(t, "anew", "anew", 5, 5)
	const selector = "cluster=secure,group=anew,topic=anew"
	eventually(t, rounds, "the lag is known", reads(selector, 10))
	if err := s.admin.DeleteTopic("anew"); err != nil {
		t.Fatal(err)
	}
	eventually(t, rounds, "the lag on a topic that is gone is refused", refuses(lagMetric, selector, "anew"))
	// With the topic go the commits on it, sooner or later; what is asked for by name counts from the start then.
	s.topic(t, "anew", []int32{1, 2, 0}, []int32{2, 0, 1})
	s.produce(t, "anew", 0, 3)
	s.produce(t, "anew", 1, 3)
	always(t, 10*time.Second, "refused or counted from the start", func(ctx context.Context) error {
		if got, err := read(ctx, lagMetric, selector); err == nil && got > 6 {
			return fmt.Errorf("the lag is %v", got)
		}
		return nil
	})
	s.commit(t, "anew", "anew", 1, 1)
	eventually(t, rounds, "the next commit tells", reads(selector, 4))
	eventually(t, rounds, "the next commit tells", reads("cluster=secure,group=anew", 6))
}

func (s *stage) commitsThatDoNotFit(t *testing.T) {
	s.topic(t, "odd", []int32{0}, []int32{1})
	s.produce(t, "odd", 0, 10)
	s.produce(t, "odd", 1, 10)
	s.commit(t, "odd-one", "odd", 4) // and nothing on the other partition
	s.commit(t, "odd-past", "odd", 50, 10)
	eventually(t, rounds, "a partition without a commit counts from its start", reads("cluster=secure,group=odd-one", 6+10))
	eventually(t, rounds, "a commit past the end is refused", refuses(lagMetric, "cluster=secure,group=odd-past", "past"))
	eventually(t, rounds, "or counts from the start", reads("cluster=committed,group=odd-past", 10))

	if err := s.admin.DeleteRecords("odd", map[int32]int64{0: 8}); err != nil {
		t.Fatal(err)
	}
	eventually(t, rounds, "what was deleted doesn't count", reads("cluster=secure,group=odd-one", 2+10))
	eventually(t, rounds, "but is told",
		says(`flink_hpa_kafka_lost_records{cluster="secure",group="odd-one",topic="odd"} 4`))

	if err := s.admin.CreatePartitions("odd", 3, [][]int32{{2}}, false); err != nil {
		t.Fatal(err)
	}
	s.ledBy(t, "odd", 2, 2)
	eventually(t, rounds, "the new partition takes records", func(context.Context) error {
		_, _, err := s.producer.SendMessage(&sarama.ProducerMessage{Topic: "odd", Partition: 2, Value: sarama.StringEncoder("record")})
		return err
	})
	eventually(t, rounds, "a partition that was added counts", reads("cluster=secure,group=odd-one", 2+10+1))
}

func (s *stage) transactions(t *testing.T) {
	s.topic(t, "paid", []int32{0, 1, 2})
	s.commit(t, "paid", "paid", 0)
	conf := stageConfig()
	conf.Producer.Idempotent, conf.Net.MaxOpenRequests = true, 1
	conf.Producer.Transaction.ID = "paid"
	producer, err := sarama.NewSyncProducer(s.Internal, conf)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := producer.Close(); err != nil {
			t.Error(err)
		}
	}()
	transaction := func(n int) error {
		errs := []error{producer.BeginTxn()}
		for range n {
			_, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: "paid", Value: sarama.StringEncoder("record")})
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	}
	if err := transaction(10); err != nil {
		t.Fatal(err)
	}
	eventually(t, rounds, "what is open counts", reads("cluster=secure,group=paid", 10))
	eventually(t, rounds, "except for who reads what is committed", reads("cluster=committed,group=paid", 0))
	if err := producer.CommitTxn(); err != nil {
		t.Fatal(err)
	}
	// The marker takes an offset.
	eventually(t, rounds, "the transaction is through", reads("cluster=committed,group=paid", 11))
	s.commit(t, "paid", "paid", 10)
	eventually(t, rounds, "the marker is left over", reads("cluster=committed,group=paid", 1))
	eventually(t, rounds, "and lies in the dead band", reads("cluster=dead-band,group=paid", 0))
	if err := errors.Join(transaction(3), producer.CommitTxn()); err != nil {
		t.Fatal(err)
	}
	eventually(t, rounds, "more than the dead band counts in full", reads("cluster=dead-band,group=paid", 1+3+1))
}
