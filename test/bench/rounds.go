package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Between two looks at what JobManagers were asked, and how many of them without a request make the end of a round: it asks on
// and on, and then there is nothing for some seconds.
const (
	lookEvery   = 100 * time.Millisecond
	quietLooks  = 5
	roundWithin = 30 * time.Second
)

var errNoEnd = errors.New("the JobManagers are asked without a break: a round takes as long as its interval, or longer")

// watchRounds waits for the end of a round, calls begin, and returns the requests to each JobManager in the rounds that follow.
// The last of them has ended.
func watchRounds(ctx context.Context, take func() ([]int64, error), rounds int, begin func() error) ([]int64, error) {
	if _, err := watchRound(ctx, take); err != nil {
		return nil, err
	}
	if err := begin(); err != nil {
		return nil, err
	}
	var sum []int64
	for range rounds {
		requests, err := watchRound(ctx, take)
		if err != nil {
			return nil, err
		}
		sum = add(sum, requests)
	}
	return sum, nil
}

// watchRound returns what is asked up to the end of the round that is under way, or of the next.
func watchRound(ctx context.Context, take func() ([]int64, error)) ([]int64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, roundWithin, errNoEnd)
	defer cancel()
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	for r := (round{}); ; {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the end of a round: %w", context.Cause(ctx))
		case <-looks.C:
		}
		requests, err := take()
		if err != nil {
			return nil, err
		}
		if r.look(requests) {
			return r.requests, nil
		}
	}
}

// round is what was seen of one.
type round struct {
	requests []int64 // to each JobManager
	quiet    int     // looks in a row without any, since the first
}

// look adds the requests since the look before, and says whether the round has ended.
func (r *round) look(requests []int64) (ended bool) {
	switch {
	case total(requests) > 0:
		r.quiet = 0
	case total(r.requests) > 0:
		r.quiet++
	}
	r.requests = add(r.requests, requests)
	return r.quiet == quietLooks
}

// add adds numbers of the same JobManagers to those of before.
func add(sum, more []int64) []int64 {
	if sum == nil {
		sum = make([]int64, len(more))
	}
	for i, n := range more {
		sum[i] += n
	}
	return sum
}

func total(numbers []int64) int64 {
	var sum int64
	for _, n := range numbers {
		sum += n
	}
	return sum
}
