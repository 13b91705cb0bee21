package snapshot

import (
	"errors"
	"testing"
	"time"
)

func TestGet(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	broken := errors.New("broker 2 did not answer")
	tests := []struct {
		name   string
		put    []Sample[int64]
		after  time.Duration
		want   int64
		reason error
	}{
		{name: "a key without a sample has no value", reason: ErrNone},
		{name: "a fresh sample is the value", put: []Sample[int64]{{Value: 7, Time: start}}, want: 7},
		{name: "a sample of exactly maxAge still counts", put: []Sample[int64]{{Value: 7, Time: start}}, after: 30 * time.Second, want: 7},
		{name: "an older one is an error", put: []Sample[int64]{{Value: 7, Time: start}}, after: 30*time.Second + 1, reason: ErrStale},
		{name: "a measured zero is a value", put: []Sample[int64]{{Time: start}}, want: 0},
		{name: "a failure replaces the value before it", put: []Sample[int64]{{Value: 7, Time: start}, Fail[int64](broken)}, reason: broken},
		{name: "a failure keeps its reason however old it is", put: []Sample[int64]{Fail[int64](broken)}, after: time.Hour, reason: broken},
		{name: "a value replaces the failure before it", put: []Sample[int64]{Fail[int64](broken), {Value: 3, Time: start}}, want: 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := NewStore[string, int64](30 * time.Second)
			for _, sample := range test.put {
				store.Put(map[string]Sample[int64]{"orders": sample})
			}
			got := store.Get("orders", start.Add(test.after))
			if !errors.Is(got.Err, test.reason) || got.Value != test.want {
				t.Errorf("got %d, %v; want %d, %v", got.Value, got.Err, test.want, test.reason)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	store := NewStore[string, int64](time.Minute)
	now := time.Unix(1_000_000, 0)
	store.Put(map[string]Sample[int64]{"a": {Value: 1, Time: now}, "b": {Value: 2, Time: now}})
	store.Delete("a")
	if got := store.Get("a", now); !errors.Is(got.Err, ErrNone) {
		t.Errorf("a deleted key answers %v", got)
	}
	if got := store.Get("b", now); got.Value != 2 || got.Err != nil {
		t.Errorf("the other key answers %v", got)
	}
}

func TestOldest(t *testing.T) {
	store := NewStore[string, int64](time.Minute)
	if at, ok := store.Oldest(); ok {
		t.Errorf("an empty store has a value of %s", at)
	}
	now := time.Unix(1_000_000, 0)
	store.Put(map[string]Sample[int64]{"new": {Time: now}, "old": {Time: now.Add(-time.Second)}, "failed": Fail[int64](errors.New("down"))})
	if at, ok := store.Oldest(); !ok || !at.Equal(now.Add(-time.Second)) {
		t.Errorf("got %s, %t", at, ok)
	}
}

func TestEachSampleIsTheOneThatAReadFinds(t *testing.T) {
	store := NewStore[string, int64](time.Minute)
	now, broken := time.Unix(1_000_000, 0), errors.New("broker 2 did not answer")
	store.Put(map[string]Sample[int64]{"a": {Value: 1, Time: now}, "b": {Value: 2, Time: now.Add(-2 * time.Minute)}, "c": Fail[int64](broken)})
	seen := map[string]Sample[int64]{}
	store.Each(now, func(key string, sample Sample[int64]) { seen[key] = sample })
	if len(seen) != 3 || seen["a"].Value != 1 || seen["a"].Err != nil || !errors.Is(seen["b"].Err, ErrStale) || !errors.Is(seen["c"].Err, broken) {
		t.Errorf("got %v", seen)
	}
}
