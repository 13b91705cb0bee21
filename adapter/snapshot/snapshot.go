// Package snapshot keeps what the collectors saw last, in memory, for whoever answers requests.
//
// The rule of the whole adapter lives here: a read yields the one value that is true and fresh, or an error that says
// why there is none. There is no zero value that could be taken for a measurement.
package snapshot

import (
	"errors"
	"maps"
	"sync"
	"time"
)

// ErrNone says that nothing has been collected for a key yet.
var ErrNone = errors.New("nothing has been collected yet; the value appears after the first round that reaches its source")

// ErrStale says that the newest sample is older than the store allows.
var ErrStale = errors.New("the newest sample is older than maxAge allows; the adapter's log says why no newer one came")

// Sample is one observation: a value that was true at Time, or the reason why there is none.
// It is never changed once it is in a Store, and neither is what Value refers to.
type Sample[V any] struct {
	Value V
	Time  time.Time // when Value was true; for several sources the oldest of them
	Err   error     // when set, Value and Time mean nothing
}

// Fail is a sample that holds only a reason.
func Fail[V any](err error) Sample[V] { return Sample[V]{Err: err} }

// Store holds the newest sample of each key. It is safe for concurrent use.
type Store[K comparable, V any] struct {
	maxAge time.Duration

	mu      sync.RWMutex
	samples map[K]Sample[V]
}

// NewStore returns an empty store in which a sample counts until it is older than maxAge.
func NewStore[K comparable, V any](maxAge time.Duration) *Store[K, V] {
	return &Store[K, V]{maxAge: maxAge, samples: map[K]Sample[V]{}}
}

// Put replaces the sample of each key given. A failure replaces a value too: what is known to be gone is not served.
func (s *Store[K, V]) Put(samples map[K]Sample[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.samples, samples)
}

// Delete forgets the keys.
func (s *Store[K, V]) Delete(keys ...K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		delete(s.samples, key)
	}
}

// Get returns the newest sample of a key as it counts at now: Err is ErrNone when there is none, ErrStale when it is
// too old, and whatever the collector put there otherwise.
func (s *Store[K, V]) Get(key K, now time.Time) Sample[V] {
	s.mu.RLock()
	sample, ok := s.samples[key]
	s.mu.RUnlock()
	if !ok {
		return Fail[V](ErrNone)
	}
	return s.at(sample, now)
}

// Each calls f with each key and its newest sample as Get returns it. f must be quick and must not use the store.
func (s *Store[K, V]) Each(now time.Time, f func(K, Sample[V])) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for key, sample := range s.samples {
		f(key, s.at(sample, now))
	}
}

// at is the sample as it counts at now.
func (s *Store[K, V]) at(sample Sample[V], now time.Time) Sample[V] {
	if sample.Err == nil && now.Sub(sample.Time) > s.maxAge {
		return Fail[V](ErrStale)
	}
	return sample
}

// Oldest returns the time of the oldest value; ok is false when there is none.
func (s *Store[K, V]) Oldest() (oldest time.Time, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, sample := range s.samples {
		if sample.Err == nil && (!ok || sample.Time.Before(oldest)) {
			oldest, ok = sample.Time, true
		}
	}
	return oldest, ok
}
