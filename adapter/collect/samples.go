package collect

import "github.com/flink-hpa/flink-hpa/adapter/snapshot"

// Samples calls f with each key that has a sample, and the sample as a read would find it now. It asks nothing and keeps nothing polled. f must
// be quick, as new samples wait for it, and must not read from the loop.
func (l *Loop[K, V]) Samples(f func(K, snapshot.Sample[V])) { l.store.Each(l.opts.Clock.Now(), f) }
