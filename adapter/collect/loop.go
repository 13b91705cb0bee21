// Package collect is the one poll loop of the adapter.
//
// What is asked for is what is polled: the first read of a key registers it, and a key that nobody has read for a while
// is dropped. A read does no I/O; at most it waits a moment for the first sample of its key, and any number of readers
// wait for the same one.
package collect

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

const (
	// FirstSampleWait is how long a read waits for the first sample of its key. The HPA controller has five workers:
	// more would let a few slow sources hold up every HPA of the cluster.
	FirstSampleWait = 3 * time.Second
	// keepUnread is how long a key stays polled that nobody reads. HPAs read every 15 s.
	keepUnread = 10 * time.Minute
)

// Poll takes one sample of each key and must return by the deadline of ctx. A key missing in the answer counts as
// not collected. It is never called twice at the same time.
type Poll[K comparable, V any] func(ctx context.Context, keys []K) map[K]snapshot.Sample[V]

// Options of a loop.
type Options struct {
	Name     string        // in logs and probes
	Interval time.Duration // between the starts of two rounds; shortened by up to a tenth, so that loops don't march in step
	Timeout  time.Duration // deadline of a round
	MaxAge   time.Duration // a sample older than this is an error
	Meter    Meter         // may be nil
	Clock    clock.Clock
}

// Loop polls the keys that are read, and answers reads from memory. It is safe for concurrent use.
type Loop[K comparable, V any] struct {
	opts  Options
	poll  Poll[K, V]
	store *snapshot.Store[K, V]
	fresh chan struct{} // wakes the loop for keys without a sample; holds one token

	mu     sync.Mutex
	keys   map[K]*interest
	turned time.Time // when the loop last went round; zero before its first turn
}

// interest is what the loop knows of a key besides its sample.
type interest struct {
	read    time.Time
	sampled chan struct{} // closed with the first sample
	failure string        // of the newest sample, to log changes only
}

// New returns a loop that does nothing until Run.
func New[K comparable, V any](opts Options, poll Poll[K, V]) *Loop[K, V] {
	if opts.Meter == nil {
		opts.Meter = unmetered{}
	}
	return &Loop[K, V]{
		opts:  opts,
		poll:  poll,
		store: snapshot.NewStore[K, V](opts.MaxAge),
		fresh: make(chan struct{}, 1),
		keys:  map[K]*interest{},
	}
}

// Read returns the newest sample of key, or an error in it: the source's own, snapshot.ErrStale, or snapshot.ErrNone
// when the first sample has not come in time.
func (l *Loop[K, V]) Read(ctx context.Context, key K) snapshot.Sample[V] {
	sampled := l.register(key)
	select {
	case <-sampled:
	default:
		timer := l.opts.Clock.NewTimer(FirstSampleWait)
		defer timer.Stop()
		select {
		case <-sampled:
		case <-timer.C():
		case <-ctx.Done():
		}
	}
	return l.store.Get(key, l.opts.Clock.Now())
}

// Peek is Read for those who can't wait: while there is no sample its error is snapshot.ErrNone.
func (l *Loop[K, V]) Peek(key K) snapshot.Sample[V] {
	l.register(key)
	return l.store.Get(key, l.opts.Clock.Now())
}

func (l *Loop[K, V]) register(key K) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.keys[key]
	if !ok {
		known = &interest{sampled: make(chan struct{})}
		l.keys[key] = known
		select {
		case l.fresh <- struct{}{}:
		default: // the token that is there stands for this key too
		}
	}
	known.read = l.opts.Clock.Now()
	return known.sampled
}

// Run polls until ctx ends. New keys get a round of their own at once.
func (l *Loop[K, V]) Run(ctx context.Context) {
	for {
		start := l.opts.Clock.Now()
		l.turn(start)
		l.drop(start.Add(-keepUnread))
		l.round(ctx, func(*interest) bool { return true })

		next := l.opts.Clock.NewTimer(l.opts.Interval - rand.N(l.opts.Interval/10+1) - l.opts.Clock.Since(start))
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				next.Stop()
				return
			case <-next.C():
				waiting = false
			case <-l.fresh:
				l.round(ctx, func(i *interest) bool { return !i.hasSample() })
			}
		}
	}
}

// round polls the keys chosen and stores what comes back.
func (l *Loop[K, V]) round(ctx context.Context, choose func(*interest) bool) {
	keys := l.chosen(choose)
	if len(keys) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, l.opts.Timeout)
	defer cancel()
	start := l.opts.Clock.Now()
	samples := l.poll(ctx, keys)
	l.opts.Meter.Polled(l.opts.Clock.Since(start))
	l.store.Put(samples)
	l.note(klog.FromContext(ctx), samples)
}

func (l *Loop[K, V]) chosen(choose func(*interest) bool) []K {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := make([]K, 0, len(l.keys))
	for key, known := range l.keys {
		if choose(known) {
			keys = append(keys, key)
		}
	}
	return keys
}

// note lets waiting readers go, and logs each key that began to fail, fails for another reason, or is well again.
func (l *Loop[K, V]) note(logger klog.Logger, samples map[K]snapshot.Sample[V]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, sample := range samples {
		known, ok := l.keys[key]
		if !ok {
			continue
		}
		if !known.hasSample() {
			close(known.sampled)
		}
		failure := ""
		if sample.Err != nil {
			failure = sample.Err.Error()
		}
		if failure == known.failure {
			continue
		}
		known.failure = failure
		if failure == "" {
			logger.Info("Collecting again", "loop", l.opts.Name, "key", key)
		} else {
			logger.Info("Nothing to serve", "loop", l.opts.Name, "key", key, "reason", failure)
		}
	}
}

func (l *Loop[K, V]) drop(unreadSince time.Time) {
	l.mu.Lock()
	var unread []K
	for key, known := range l.keys {
		if known.read.Before(unreadSince) {
			unread = append(unread, key)
			delete(l.keys, key)
		}
	}
	l.mu.Unlock()
	l.store.Delete(unread...)
}

func (i *interest) hasSample() bool {
	select {
	case <-i.sampled:
		return true
	default:
		return false
	}
}
