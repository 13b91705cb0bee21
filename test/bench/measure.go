package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// cost is what one poll of all groups costs.
type cost struct {
	traffic
	ms float64
}

func (c cost) plus(other cost) cost {
	return cost{ms: c.ms + other.ms, traffic: traffic{
		requests: c.requests + other.requests, handshakes: c.handshakes + other.handshakes, connections: c.connections + other.connections,
	}}
}

// measurement is what a client costs, each number the median of several polls.
type measurement struct {
	cold cost // the first poll of a client that knows nothing
	warm cost // one after it
	// memory is what the client's process grows by in one cold poll and the warm ones, in MiB; nil: not known.
	memory *float64
}

// A poll is repeated so often, unless the polls of its kind have taken longest by then.
const (
	coldPolls = 5
	warmPolls = 15
	longest   = 2 * time.Second
)

// measure has a poller poll, cold and warm. It calls warmed after the first cold poll and all warm ones.
func (c *cluster) measure(ctx context.Context, p poller, warmed func() error) (measurement, error) {
	first, err := c.observe(ctx, p)
	if err != nil {
		return measurement{}, fmt.Errorf("the first poll: %w", err)
	}
	var warm []cost
	for len(warm) < warmPolls && taken(warm) < longest {
		again, err := c.observe(ctx, p)
		if err != nil {
			return measurement{}, fmt.Errorf("a warm poll: %w", err)
		}
		warm = append(warm, again)
	}
	if err := warmed(); err != nil {
		return measurement{}, err
	}
	cold := []cost{first}
	for len(cold) < coldPolls && taken(cold) < longest {
		if err := p.forget(); err != nil {
			return measurement{}, fmt.Errorf("close the connections: %w", err)
		}
		again, err := c.observe(ctx, p)
		if err != nil {
			return measurement{}, fmt.Errorf("a cold poll: %w", err)
		}
		cold = append(cold, again)
	}
	return measurement{cold: median(cold), warm: median(warm)}, nil
}

// observe has a poller poll once.
func (c *cluster) observe(ctx context.Context, p poller) (cost, error) {
	c.take()
	took, err := p.poll(ctx)
	return cost{traffic: c.take(), ms: milliseconds(took)}, errors.Join(ctx.Err(), err)
}

// measureApart measures a client in processes of its own, one after the other, of at most that many groups each, and adds
// their costs up. Memory is known only when one process has all groups.
func (c *cluster) measureApart(ctx context.Context, client string, groups, each int) (measurement, error) {
	var sum measurement
	for from := 0; from < groups; from += each {
		part, err := c.measureChild(ctx, Child{client: client, groups: span{from, min(from+each, groups)}, addrs: c.addrs})
		if err != nil {
			return sum, fmt.Errorf("%s, %d groups: %w", client, groups, err)
		}
		sum.cold, sum.warm = sum.cold.plus(part.cold), sum.warm.plus(part.warm)
		if each >= groups {
			sum.memory = part.memory
		}
	}
	return sum, nil
}

func (c *cluster) measureChild(ctx context.Context, what Child) (m measurement, err error) {
	p, err := startChild(ctx, what)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	var memory float64
	m, err = c.measure(ctx, p, func() (err error) {
		memory, err = p.memory()
		return err
	})
	m.memory = &memory
	return m, err
}

func taken(costs []cost) time.Duration {
	var sum float64
	for _, c := range costs {
		sum += c.ms
	}
	return time.Duration(sum * float64(time.Millisecond))
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// median takes the median of each number by itself.
func median(costs []cost) cost {
	return cost{
		traffic: traffic{
			requests:    medianOf(costs, func(c cost) int { return c.requests }),
			handshakes:  medianOf(costs, func(c cost) int { return c.handshakes }),
			connections: medianOf(costs, func(c cost) int { return c.connections }),
		},
		ms: medianOf(costs, func(c cost) float64 { return c.ms }),
	}
}

// medianOf is the middle one, of an even count the smaller of the two.
func medianOf[N cmp.Ordered](costs []cost, number func(cost) N) N {
	var numbers []N
	for _, c := range costs {
		numbers = append(numbers, number(c))
	}
	slices.Sort(numbers)
	return numbers[(len(numbers)-1)/2]
}
