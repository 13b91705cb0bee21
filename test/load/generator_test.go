package load

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/IBM/sarama"
	"github.com/IBM/sarama/mocks"
	clocktesting "k8s.io/utils/clock/testing"
)

// bench is a generator on a clock that only the test moves and a producer that takes exactly the records it expects.
type bench struct {
	clock     *clocktesting.FakeClock
	producer  *mocks.AsyncProducer
	generator *Generator
	stop      context.CancelFunc
	done      chan error
}

// start runs the generator inside a synctest bubble; the mock fails the test when fewer or more than records arrive.
func start(t *testing.T, shape Shape, duration time.Duration, records int) *bench {
	t.Helper()
	b := &bench{
		clock:    clocktesting.NewFakeClock(time.Unix(1_700_000_000, 0)),
		producer: mocks.NewAsyncProducer(t, clientConfig()),
		done:     make(chan error, 1),
	}
	for range records {
		b.producer.ExpectInputAndSucceed()
	}
	b.generator = newGenerator(b.producer, "input", b.clock)
	b.run(t, shape, duration)
	return b
}

func (b *bench) run(t *testing.T, shape Shape, duration time.Duration) {
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	t.Cleanup(stop)
	go func() { b.done <- b.generator.Run(ctx, shape, duration) }()
	synctest.Wait()
}

// step moves the clock and waits till the generator has nothing left to do.
func (b *bench) step(d time.Duration) {
	b.clock.Step(d)
	synctest.Wait()
}

func TestGeneratorSendsWhatIsDueAtEachTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shape := Sine{Min: 10, Max: 333, Period: 4 * time.Second}
		duration := 5 * time.Second
		b := start(t, shape, duration, int(shape.Total(duration)))
		for at := tick; at <= duration; at += tick {
			b.step(tick)
			if got, want := b.generator.Sent(), int64(shape.Total(at)); got != want {
				t.Fatalf("after %s Sent() = %d, want %d", at, got, want)
			}
		}
		if err := <-b.done; err != nil {
			t.Error(err)
		}
	})
}

func TestGeneratorMakesUpForLateTicksAndStopsAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Step{From: 100, To: 1000, At: time.Second}, 2*time.Second, 1100)
		for _, s := range []struct {
			wait time.Duration
			sent int64
			rate float64
		}{
			{700 * time.Millisecond, 70, 100},
			{800 * time.Millisecond, 600, 1000},
			{time.Hour, 1100, 0},
		} {
			b.step(s.wait)
			if got := b.generator.Sent(); got != s.sent {
				t.Errorf("Sent() = %d, want %d", got, s.sent)
			}
			if got := b.generator.Rate(); got != s.rate {
				t.Errorf("Rate() = %v, want %v", got, s.rate)
			}
		}
		if err := <-b.done; err != nil {
			t.Error(err)
		}
	})
}

func TestGeneratorCountsWhatWasAcknowledgedWhenItIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Step{From: 100, To: 100}, time.Hour, 200)
		b.step(2 * time.Second)
		b.stop()
		if err := <-b.done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run() = %v, want context.Canceled", err)
		}
		if got := b.generator.Sent(); got != 200 {
			t.Errorf("Sent() = %d, want 200", got)
		}
	})
}

func TestGeneratorEndsWithTheFirstRecordThatIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{
			clock:    clocktesting.NewFakeClock(time.Unix(1_700_000_000, 0)),
			producer: mocks.NewAsyncProducer(t, clientConfig()),
			done:     make(chan error, 1),
		}
		for range 9 {
			b.producer.ExpectInputAndSucceed()
		}
		b.producer.ExpectInputAndFail(sarama.ErrNotEnoughReplicas)
		b.generator = newGenerator(b.producer, "input", b.clock)
		b.run(t, Step{From: 10, To: 10}, time.Hour)
		b.step(time.Second)
		err := <-b.done
		if !errors.Is(err, sarama.ErrNotEnoughReplicas) || !strings.Contains(err.Error(), "load on topic input: a record was not stored") {
			t.Errorf("Run() = %v", err)
		}
		if got := b.generator.Sent(); got != 9 {
			t.Errorf("Sent() = %d, want 9", got)
		}
	})
}

func TestRecordsSpreadEvenlyOverPartitions(t *testing.T) {
	const partitions, records = 12, 24_000
	partitioner := clientConfig().Producer.Partitioner("input")
	var count [partitions]int
	for n := range int64(records) {
		partition, err := partitioner.Partition(record("input", n), partitions)
		if err != nil {
			t.Fatal(err)
		}
		count[partition]++
	}
	for partition, n := range count {
		if n < records/partitions*9/10 || n > records/partitions*11/10 {
			t.Errorf("partition %d got %d of %d records: %v", partition, n, records, count)
		}
	}
}
