package flink

import (
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/sizing"
)

const (
	settle   = 20 * time.Second
	length   = 20 * time.Second // of the window
	interval = 5 * time.Second
	hold     = time.Minute
)

var ordersJob = Cluster{Namespace: "shop", Kind: "Job", Name: "orders"}

const needDesired = NeedSources | NeedDesired

// bed is a collector of the cluster ordersJob.
type bed struct {
	*Collector
	t     testing.TB
	clock *clocktesting.FakeClock
	pods  []JobManager // oldest first
	meter meter
	each  func() // called before each round
}

func newBed(t testing.TB) *bed {
	b := &bed{t: t, clock: clocktesting.NewFakeClock(time.Unix(1_000_000, 0)), each: func() {}, meter: meter{requests: map[rest.Request]int{}, reasons: map[desired.Code]int{}}}
	b.Collector = NewCollector(Options{
		Settle: settle, Window: length, Hold: hold, Desired: desired.DefaultRules(), Clock: b.clock, Meter: &b.meter, Sizing: minutes(),
		JobManagers: func(Cluster) []JobManager { return b.pods },
	})
	return b
}

// minutes are rules by which a part of the window is five minutes, or sixty rounds.
func minutes() sizing.Rules {
	rules := sizing.DefaultRules()
	rules.Window = sizing.Parts * 5 * time.Minute
	return rules
}

// stub adds a JobManager.
func (b *bed) stub(name string) *stub {
	s := newStub(b.t, b.clock, name)
	b.pods = append(b.pods, s.JobManager)
	return s
}

// rounds polls the keys so many times and returns the last answers.
func (b *bed) rounds(n int, keys ...Key) map[Key]Job {
	b.t.Helper()
	jobs := map[Key]Job{}
	for range n {
		b.clock.Step(interval)
		b.each()
		samples := b.Poll(b.t.Context(), keys)
		if len(samples) != len(keys) {
			b.t.Fatalf("%d answers to %d questions", len(samples), len(keys))
		}
		for key, sample := range samples {
			if sample.Err != nil || !sample.Time.Equal(b.clock.Now()) {
				b.t.Fatalf("sample %v of %s", sample.Err, sample.Time)
			}
			jobs[key] = sample.Value
		}
	}
	return jobs
}

// ready polls the keys until there is a window.
func (b *bed) ready(keys ...Key) map[Key]Job { return b.rounds(12, keys...) }

// meter counts.
type meter struct {
	mu       sync.Mutex
	requests map[rest.Request]int
	failed   int
	reasons  map[desired.Code]int
}

func (m *meter) Requested(request rest.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[request]++
}

func (m *meter) Failed(rest.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed++
}

func (m *meter) Decided(reason desired.Code) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reasons[reason]++
}

// take returns what was counted since the last take.
func (m *meter) take() map[rest.Request]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.requests
	m.requests = map[rest.Request]int{}
	return taken
}

// wantReading fails unless the reading is that value, to a thousandth of it, or that error.
func wantReading(t *testing.T, name string, got Reading, want float64, reason error) {
	t.Helper()
	if !errors.Is(got.Err, reason) || reason == nil && !(math.Abs(got.Value-want) <= 1e-3*max(want, 1)) {
		t.Errorf("%s: got %v, %v; want %v, %v", name, got.Value, got.Err, want, reason)
	}
	if reason == nil && got.Time.IsZero() {
		t.Errorf("%s has no time", name)
	}
}
