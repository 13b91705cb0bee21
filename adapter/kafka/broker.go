package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/adapter/collect"
)

// broker is one Kafka broker and the connection to it. Nothing in sarama takes a context, so each request runs in a
// goroutine of its own and is left behind when its time is over. The socket's own time-outs end it, and until then the
// broker gets no other: there is at most one such goroutine for each broker.
type broker struct {
	id      int32 // unknown for a bootstrap server
	addr    string
	conn    *sarama.Broker
	conf    *sarama.Config
	timeout time.Duration // of one request
	meter   Meter
	open    atomic.Bool   // whether the meter was told of a connection
	idle    chan struct{} // holds a token while no request is under way
	failed  error         // why it is not asked any more in this round
}

const unknown int32 = -1

// connecting is how many times as long a request may take that needs a connection first: TLS and SASL are several ways to the broker
// and back, and its slowest computations.
const connecting = 2

func newBroker(id int32, addr string, conf *sarama.Config, timeout time.Duration, meter Meter) *broker {
	b := &broker{
		id: id, addr: addr, conn: sarama.NewBroker(addr), conf: conf, timeout: timeout, meter: meter, idle: make(chan struct{}, 1),
	}
	b.idle <- struct{}{}
	return b
}

func (b *broker) String() string {
	if b.id == unknown {
		return "bootstrap server " + b.addr
	}
	return fmt.Sprintf("broker %d (%s)", b.id, b.addr)
}

// ask sends one request and waits for its answer as long as the request's own time and ctx allow. The error names the
// broker and the request. A broker that failed is not asked again in the same round.
func ask[R any](ctx context.Context, b *broker, request string, send func(*sarama.Broker) (R, error)) (R, error) {
	var none R
	if b.failed != nil {
		return none, b.failed
	}
	timeout := b.timeout
	if !b.open.Load() {
		timeout *= connecting
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	b.meter.Requested(request)
	answer, err := exchange(ctx, b, send)
	if err != nil {
		b.meter.Failed(kindOf(err))
		b.failed = fmt.Errorf("%s: %s: %w", b, request, collect.Cause(err))
		return none, b.failed
	}
	return answer, nil
}

func exchange[R any](ctx context.Context, b *broker, send func(*sarama.Broker) (R, error)) (R, error) {
	type result struct {
		answer R
		err    error
	}
	select {
	case <-b.idle:
	default:
		return result{}.answer, context.DeadlineExceeded // it still owes an earlier answer
	}
	done := make(chan result, 1)
	go func() {
		answer, err := connected(b, send)
		b.idle <- struct{}{}
		done <- result{answer, err}
	}()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
		return result{}.answer, ctx.Err()
	}
}

// connected sends on the connection there is. Where that one turns out to be broken, as after a restart of the broker,
// it tries once more on a new one. sarama keeps a connection after a time-out although its answers are out of step by
// then, so every failure closes it.
func connected[R any](b *broker, send func(*sarama.Broker) (R, error)) (R, error) {
	for {
		reused := errors.Is(b.conn.Open(b.conf), sarama.ErrAlreadyConnected)
		answer, err := send(b.conn)
		if err == nil {
			b.opened()
			return answer, nil
		}
		b.disconnect()
		var network net.Error
		if !reused || errors.As(err, &network) && network.Timeout() {
			return answer, err
		}
	}
}

func (b *broker) opened() {
	if b.open.CompareAndSwap(false, true) {
		b.meter.Connected(1)
	}
}

func (b *broker) disconnect() {
	_ = b.conn.Close() // it is of no use any more, whatever that says
	if b.open.CompareAndSwap(true, false) {
		b.meter.Connected(-1)
	}
}

// close ends the connection in the background: sarama waits for the request under way.
func (b *broker) close() { go b.disconnect() }
