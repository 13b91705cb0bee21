package collect

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// bed is a running loop on a clock of its own, inside a synctest bubble: Wait returns when everybody waits.
type bed struct {
	*Loop[string, int]
	clock  *clocktesting.FakeClock
	mu     sync.Mutex
	polled [][]string
	gate   chan struct{} // when set, each poll takes a token first
	fail   error
	took   []time.Duration
}

// Polled makes it its own loop's Meter.
func (b *bed) Polled(took time.Duration) { b.took = append(b.took, took) }

func start(t *testing.T, gate chan struct{}) *bed {
	b := &bed{clock: clocktesting.NewFakeClock(time.Unix(1_000_000, 0)), gate: gate}
	b.Loop = New(Options{Name: "test", Interval: 5 * time.Second, Timeout: 4 * time.Second, MaxAge: 30 * time.Second, Meter: b, Clock: b.clock}, b.poll)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return b
}

func (b *bed) poll(ctx context.Context, keys []string) map[string]snapshot.Sample[int] {
	if b.gate != nil {
		select {
		case <-b.gate:
		case <-ctx.Done():
			return nil
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(keys)
	b.polled = append(b.polled, keys)
	samples := map[string]snapshot.Sample[int]{}
	for _, key := range keys {
		samples[key] = snapshot.Sample[int]{Value: len(b.polled), Time: b.clock.Now(), Err: b.fail}
	}
	return samples
}

func (b *bed) rounds() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var rounds []string
	for _, keys := range b.polled {
		rounds = append(rounds, strings.Join(keys, " "))
	}
	return rounds
}

func (b *bed) step(d time.Duration) { b.clock.Step(d); synctest.Wait() }

func TestOnlyWhatIsReadIsPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, nil)
		b.step(20 * time.Second)
		if got := b.rounds(); len(got) != 0 {
			t.Fatalf("polled %q before anybody read", got)
		}
		if got := b.Read(t.Context(), "a"); got.Err != nil || got.Value != 1 {
			t.Fatalf("the first read answers %+v", got)
		}
		b.Read(t.Context(), "b")
		b.step(5 * time.Second)
		if got, want := b.rounds(), []string{"a", "b", "a b"}; !slices.Equal(got, want) {
			t.Errorf("rounds %q, want %q: a new key gets a round of its own, then joins the others", got, want)
		}
		if got := b.Read(t.Context(), "a"); got.Value != 3 || len(b.rounds()) != 3 {
			t.Errorf("a later read answers %+v after %d rounds; it must not poll", got, len(b.rounds()))
		}
	})
}

func TestManyReadersWaitForOnePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		b := start(t, gate)
		var readers sync.WaitGroup
		for range 50 {
			readers.Go(func() {
				if got := b.Read(t.Context(), "a"); got.Err != nil || got.Value != 1 {
					t.Errorf("a reader got %+v", got)
				}
			})
		}
		synctest.Wait()
		gate <- struct{}{}
		readers.Wait()
		if got := b.rounds(); len(got) != 1 {
			t.Errorf("rounds %q, want one", got)
		}
	})
}

func TestKeysThatComeDuringARoundShareTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		b := start(t, gate)
		var readers sync.WaitGroup
		for _, key := range []string{"a", "b", "c"} {
			readers.Go(func() {
				if got := b.Read(t.Context(), key); got.Err != nil {
					t.Errorf("key %s: %v", key, got.Err)
				}
			})
			synctest.Wait()
		}
		gate <- struct{}{}
		gate <- struct{}{}
		readers.Wait()
		if got, want := b.rounds(), []string{"a", "b c"}; !slices.Equal(got, want) {
			t.Errorf("rounds %q, want %q", got, want)
		}
	})
}

func TestAReadWaitsNoLongerThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, make(chan struct{}))
		got := make(chan snapshot.Sample[int])
		go func() { got <- b.Read(t.Context(), "a") }()
		synctest.Wait()
		b.step(FirstSampleWait - 1)
		select {
		case sample := <-got:
			t.Fatalf("answered %+v too early", sample)
		default:
		}
		b.step(1)
		if sample := <-got; !errors.Is(sample.Err, snapshot.ErrNone) {
			t.Errorf("got %+v, want ErrNone", sample)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if sample := b.Read(ctx, "b"); !errors.Is(sample.Err, snapshot.ErrNone) {
			t.Errorf("a reader that has gone got %+v", sample)
		}
	})
}

func TestAPeekNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		b := start(t, gate)
		if got := b.Peek("a"); !errors.Is(got.Err, snapshot.ErrNone) {
			t.Errorf("before the first sample: %+v", got)
		}
		synctest.Wait()
		gate <- struct{}{} // the round that it asked for
		synctest.Wait()
		if got := b.Peek("a"); got.Err != nil || got.Value != 1 {
			t.Errorf("after it: %+v", got)
		}
		b.step(31 * time.Second)
		if got := b.Peek("a"); !errors.Is(got.Err, snapshot.ErrStale) {
			t.Errorf("when it is old: %+v", got)
		}
	})
}

func TestAKeyThatIsPeekedAtStaysPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, nil)
		for range 13 {
			b.Peek("a")
			b.step(time.Minute)
		}
		if got := b.Peek("a"); got.Err != nil {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAKeyNobodyReadsIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, nil)
		b.Read(t.Context(), "kept")
		b.Read(t.Context(), "dropped")
		for range 13 {
			b.step(time.Minute)
			b.Read(t.Context(), "kept")
		}
		b.step(5 * time.Second)
		if got := b.rounds(); got[len(got)-1] != "kept" {
			t.Errorf("the last round polled %q", got[len(got)-1])
		}
		if sample := b.store.Get("dropped", b.clock.Now()); !errors.Is(sample.Err, snapshot.ErrNone) {
			t.Errorf("the dropped key still has %+v", sample)
		}
	})
}

func TestAFailureIsServedAndHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, nil)
		b.Read(t.Context(), "a")
		b.fail = errors.New("broker 2 did not answer")
		b.step(5 * time.Second)
		if got := b.Read(t.Context(), "a"); !errors.Is(got.Err, b.fail) {
			t.Errorf("while it fails: %+v", got)
		}
		b.fail = nil
		b.step(5 * time.Second)
		if got := b.Read(t.Context(), "a"); got.Err != nil {
			t.Errorf("healed: %+v", got)
		}
	})
}

func TestAnOldSampleIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{}, 1)
		gate <- struct{}{}
		b := start(t, gate)
		if got := b.Read(t.Context(), "a"); got.Err != nil {
			t.Fatal(got.Err)
		}
		b.step(31 * time.Second)
		if got := b.Read(t.Context(), "a"); !errors.Is(got.Err, snapshot.ErrStale) {
			t.Errorf("got %+v, want ErrStale", got)
		}
	})
}

func TestTheMeterIsToldOfRoundsWithKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		b := start(t, gate)
		b.step(5 * time.Second)
		if len(b.took) != 0 {
			t.Errorf("rounds without keys took %v", b.took)
		}
		go b.Read(t.Context(), "a")
		synctest.Wait()
		b.step(2 * time.Second)
		gate <- struct{}{}
		synctest.Wait()
		if !slices.Equal(b.took, []time.Duration{2 * time.Second}) {
			t.Errorf("got %v, want one round of 2s", b.took)
		}
	})
}

func TestOldestSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{}, 2)
		b := start(t, gate)
		if age, ok := b.OldestSample(); ok {
			t.Errorf("a loop that has nothing says %s", age)
		}
		gate <- struct{}{}
		b.Read(t.Context(), "a")
		b.step(7 * time.Second) // its next round doesn't end
		if age, ok := b.OldestSample(); !ok || age != 7*time.Second {
			t.Errorf("got %s, %t", age, ok)
		}
		b.fail = errors.New("down")
		gate <- struct{}{}
		synctest.Wait()
		if age, ok := b.OldestSample(); ok {
			t.Errorf("a failure has an age: %s", age)
		}
	})
}

func TestAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idle := New(Options{Name: "idle", Clock: clocktesting.NewFakeClock(time.Unix(0, 0))}, (*bed)(nil).poll)
		if idle.Started() == nil || idle.Alive() != nil {
			t.Error("a loop that was never run is not started, and not dead")
		}
		stuck := make(chan struct{})
		b := start(t, nil)
		b.gate = stuck
		if err := b.Started(); err != nil {
			t.Error(err)
		}
		for range 100 {
			b.step(5 * time.Second)
		}
		if err := b.Alive(); err != nil {
			t.Errorf("a loop that turns with nothing to poll: %v", err)
		}
		go b.Read(t.Context(), "a") // this poll never ends: the bubble's own time, which ends it, stands still
		synctest.Wait()
		b.step(24 * time.Second)
		if err := b.Alive(); err != nil {
			t.Errorf("within the limit: %v", err)
		}
		b.step(time.Second)
		if b.Alive() == nil {
			t.Error("a loop that hangs counts as alive")
		}
		stuck <- struct{}{}
	})
}
