//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/test/load"
)

const (
	atCommitMetric = lagMetric + "_at_commit"
	secondsMetric  = lagMetric + "_seconds"
)

// secondsOfABacklog reads the age of records that were written before the adapter looked.
func (s *stage) secondsOfABacklog(t *testing.T) {
	const age = 600 // seconds
	s.topic(t, "aged", []int32{0, 1, 2})
	now := time.Now()
	for _, at := range []time.Time{now.Add(-time.Hour), now.Add(-age * time.Second), now} {
		for range 10 {
			record := &sarama.ProducerMessage{Topic: "aged", Value: sarama.StringEncoder("record"), Timestamp: at}
			if _, _, err := s.producer.SendMessage(record); err != nil {
				t.Fatal(err)
			}
		}
	}
	const selector = "cluster=secure,group=aged"
	s.commit(t, "aged", "aged", 10)
	eventually(t, rounds, "the oldest unread record's age", func(ctx context.Context) error {
		got, err := read(ctx, secondsMetric, selector)
		if want := time.Since(now).Seconds() + age; err == nil && math.Abs(got-want) > age/20+10 {
			err = fmt.Errorf("the age is %.1f s, not %.1f s", got, want)
		}
		return err
	})
	s.commit(t, "aged", "aged", 30)
	eventually(t, rounds, "nothing is unread", func(ctx context.Context) error {
		got, err := read(ctx, secondsMetric, selector)
		if err == nil && got != 0 {
			err = fmt.Errorf("the age is %v s", got)
		}
		return err
	})
}

// secondsOfAGroupThatKeepsUp reads the age at a group that commits what is there four times a second.
func (s *stage) secondsOfAGroupThatKeepsUp(t *testing.T) {
	s.topic(t, "kept-up", []int32{1, 2, 0})
	s.commit(t, "kept-up", "kept-up", 0)
	ctx, stop := context.WithCancel(t.Context())
	var committing sync.WaitGroup
	defer func() {
		stop()
		committing.Wait()
	}()
	committing.Go(func() {
		for end := int64(0); ctx.Err() == nil; end += 20 {
			if err := errors.Join(s.send("kept-up", 0, 20), s.tryCommit("kept-up", "kept-up", end)); err != nil { // what was there a moment ago
				t.Errorf("the group that keeps up: %v", err)
				return
			}
			time.Sleep(250 * time.Millisecond) // the rate
		}
	})
	eventually(t, rounds, "the age is known", func(ctx context.Context) error {
		_, err := read(ctx, secondsMetric, "cluster=secure,group=kept-up")
		return err
	})
	values := 0
	always(t, 15*time.Second, "the age is near zero", func(ctx context.Context) error {
		got, err := read(ctx, secondsMetric, "cluster=secure,group=kept-up")
		switch {
		case err != nil:
			return nil // a machine that is slow just now
		case got > 2:
			return fmt.Errorf("the age is %v s", got)
		}
		values++
		return nil
	})
	if values < 10 {
		t.Errorf("the age was told %d times in 15 s", values)
	}
}

// startSlowCommits runs a job that commits each 30 s, on the bed's own broker, under a steady load, and looks at its lag
// from then on. What it returns judges.
func startSlowCommits(t *testing.T) func(*testing.T) {
	t.Helper()
	const group, rate = "slow-commits", 100
	client, err := load.Connect([]string{cluster.Kafka})
	if err != nil {
		t.Fatal(err)
	}
	if err := load.CreateTopic(t.Context(), client, group, 4); err != nil {
		t.Fatal(err)
	}
	generator, err := load.NewGenerator(client, group, clock.RealClock{})
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join("testdata", "kafka-slow-commits")
	if _, err := cluster.Run(t.Context(), "apply", "-k", folder); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := cluster.Run(context.WithoutCancel(t.Context()), "delete", "-k", folder, "--wait=false"); err != nil {
			t.Error(err)
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	plain, flat := span{least: math.Inf(1)}, span{least: math.Inf(1)}
	var looking sync.WaitGroup
	t.Cleanup(func() {
		stop()
		looking.Wait()
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	looking.Go(func() {
		if err := generator.Run(ctx, load.Step{From: rate, To: rate, At: time.Second}, time.Hour); err != nil && ctx.Err() == nil {
			t.Errorf("load: %v", err)
		}
	})
	looking.Go(func() {
		const selector = "cluster=main,group=" + group
		for ctx.Err() == nil {
			both, err := readBoth(ctx, selector)
			if err == nil {
				plain.see(both[0])
				flat.see(both[1])
			}
			time.Sleep(time.Second) // between two looks
		}
	})
	return func(t *testing.T) {
		eventually(t, 2*time.Minute, "three checkpoints have been seen", func(context.Context) error {
			if since := plain.since(); since < 95*time.Second {
				return fmt.Errorf("the lag has been known for %s", since.Round(time.Second))
			}
			return nil
		})
		stop()
		looking.Wait()
		t.Logf("plain lag %.0f to %.0f, lag at commit %.0f to %.0f", plain.least, plain.most, flat.least, flat.most)
		if swing := plain.most - plain.least; swing < 20*rate {
			t.Errorf("the plain lag swings by %.0f only: the test shows nothing", swing)
		}
		if swing := flat.most - flat.least; swing > 10*rate {
			t.Errorf("lag at commit swings by %.0f", swing)
		}
	}
}

func readBoth(ctx context.Context, selector string) ([2]float64, error) {
	plain, err := read(ctx, lagMetric, selector)
	if err != nil {
		return [2]float64{}, err
	}
	flat, err := read(ctx, atCommitMetric, selector)
	return [2]float64{plain, flat}, err
}

// span is the least and the most of what was seen, and since when.
type span struct {
	mu          sync.Mutex
	least, most float64
	first       time.Time
}

func (s *span) see(value float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first.IsZero() {
		s.first = time.Now()
	}
	s.least, s.most = min(s.least, value), max(s.most, value)
}

func (s *span) since() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first.IsZero() {
		return 0
	}
	return time.Since(s.first)
}
