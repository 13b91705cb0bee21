package events

import (
	"context"

	"k8s.io/client-go/util/workqueue"
)

// attempts to tell of one thing, with growing pauses.
const attempts = 5

// Next takes one thing out of a queue and tells of it; false: the queue has been shut down. What can't be told is tried again with growing
// pauses, until lost is told of it.
func Next[T comparable](ctx context.Context, queue workqueue.TypedRateLimitingInterface[T], tell func(context.Context, T) error, lost func(T, error)) bool {
	next, ended := queue.Get()
	if ended {
		return false
	}
	defer queue.Done(next)
	err := tell(ctx, next)
	switch {
	case err == nil || ctx.Err() != nil:
		queue.Forget(next)
	case queue.NumRequeues(next) < attempts:
		queue.AddRateLimited(next)
	default:
		lost(next, err)
		queue.Forget(next)
	}
	return true
}
