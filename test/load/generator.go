package load

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"k8s.io/utils/clock"
)

const (
	// tick is how often the records that have become due are sent.
	tick = 20 * time.Millisecond
	// keys is how many keys the records take turns in: enough that partitions and key groups get even shares.
	keys = 100_000
)

// Generator produces records of a shape to a topic. It runs once. Its methods may be called from any goroutine.
type Generator struct {
	producer     sarama.AsyncProducer
	topic        string
	clock        clock.WithTicker
	acknowledged atomic.Int64
	running      atomic.Pointer[run]
}

// run is what the generator does now.
type run struct {
	shape Shape
	start time.Time
}

// NewGenerator returns a generator that sends with a client of Connect.
func NewGenerator(client sarama.Client, topic string, clock clock.WithTicker) (*Generator, error) {
	producer, err := sarama.NewAsyncProducerFromClient(client)
	if err != nil {
		return nil, fmt.Errorf("load on topic %s: %w", topic, err)
	}
	return newGenerator(producer, topic, clock), nil
}

func newGenerator(producer sarama.AsyncProducer, topic string, clock clock.WithTicker) *Generator {
	return &Generator{producer: producer, topic: topic, clock: clock}
}

// Sent is the number of records that the brokers have acknowledged so far.
func (g *Generator) Sent() int64 { return g.acknowledged.Load() }

// Rate is the shape's rate now, in records per second; 0 when no run is under way.
func (g *Generator) Rate() float64 {
	r := g.running.Load()
	if r == nil {
		return 0
	}
	return r.shape.Rate(g.clock.Since(r.start))
}

// Run sends the records of the shape's first duration, each when it is due, and returns once all are acknowledged. By t it
// has sent Shape.Total(t) records, rounded down: a late tick makes up for what it missed.
//
// When ctx ends first, Run sends no more, waits for what is under way, and returns ctx's error. A record that the brokers
// don't take ends the run with that error. Sent is right in each case.
func (g *Generator) Run(ctx context.Context, shape Shape, duration time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		g.collect(cancel)
	}()

	g.running.Store(&run{shape: shape, start: g.clock.Now()})
	g.send(ctx, shape, duration)
	g.running.Store(nil)

	g.producer.AsyncClose()
	<-flushed
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("load on topic %s: %w", g.topic, err)
	}
	return nil
}

// send hands the due records to the producer, tick by tick, till the duration is over or ctx ends.
func (g *Generator) send(ctx context.Context, shape Shape, duration time.Duration) {
	start := g.running.Load().start
	ticker := g.clock.NewTicker(tick)
	defer ticker.Stop()
	var sent int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		t := min(g.clock.Since(start), duration)
		for due := int64(shape.Total(t)); sent < due; sent++ {
			select {
			case <-ctx.Done():
				return
			case g.producer.Input() <- record(g.topic, sent):
			}
		}
		if t == duration {
			return
		}
	}
}

// collect counts what is acknowledged, till the producer has closed. The first failure ends the run.
func (g *Generator) collect(fail context.CancelCauseFunc) {
	successes, failures := g.producer.Successes(), g.producer.Errors()
	for successes != nil || failures != nil {
		select {
		case _, ok := <-successes:
			if !ok {
				successes = nil
				continue
			}
			g.acknowledged.Add(1)
		case failure, ok := <-failures:
			if !ok {
				failures = nil
				continue
			}
			fail(fmt.Errorf("a record was not stored: %w", failure.Err))
		}
	}
}

// record is number n of the run: its key is one of the keys in turn, its value the number itself.
func record(topic string, n int64) *sarama.ProducerMessage {
	return &sarama.ProducerMessage{
		Topic: topic,
		Key:   sarama.StringEncoder(strconv.FormatInt(n%keys, 10)),
		Value: sarama.StringEncoder(strconv.FormatInt(n, 10)),
	}
}
