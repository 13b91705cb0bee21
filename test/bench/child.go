package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"time"
)

// ChildCommand is the command of this program that calls Serve. Its arguments are those of ParseChild.
const ChildCommand = "client"

// Child says what a child process does.
type Child struct {
	client string   // one that newPoller knows
	groups span     // to poll
	addrs  []string // of the brokers
}

func (c Child) args() []string {
	return append([]string{ChildCommand, c.client, strconv.Itoa(c.groups.from), strconv.Itoa(c.groups.to)}, c.addrs...)
}

// ParseChild reads the arguments CLIENT FROM TO BROKER...: the client to run, the number of its first group, that of the
// one after its last, and the brokers' addresses.
func ParseChild(args []string) (Child, error) {
	if len(args) < 4 {
		return Child{}, fmt.Errorf("got %q; expected CLIENT FROM TO BROKER", args)
	}
	from, err := strconv.Atoi(args[1])
	to, err2 := strconv.Atoi(args[2])
	return Child{client: args[0], groups: span{from, to}, addrs: args[3:]}, errors.Join(err, err2)
}

// What a child is told to do. The answer to each order is one reply.
const (
	orderPoll   = "poll"
	orderForget = "forget"
)

type reply struct {
	Took  time.Duration `json:"took"`
	Error string        `json:"error"`
}

// Serve is the child's side: it does what it is told, until there is nothing more to read.
func Serve(ctx context.Context, c Child, orders io.Reader, replies io.Writer) error {
	p, err := newPoller(c.client, c.addrs, c.groups)
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // what the program's start left behind is nobody's
	in, out := json.NewDecoder(orders), json.NewEncoder(replies)
	for {
		var order string
		if err := in.Decode(&order); errors.Is(err, io.EOF) {
			return p.forget()
		} else if err != nil {
			return err
		}
		var r reply
		var err error
		switch order {
		case orderPoll:
			r.Took, err = p.poll(ctx)
		case orderForget:
			err = p.forget()
		default:
			err = fmt.Errorf("no order is called %q", order)
		}
		if err != nil {
			r.Error = err.Error()
		}
		if err := out.Encode(r); err != nil {
			return err
		}
	}
}

// remote is a poller that Serve runs at the other end of two pipes.
type remote struct {
	orders  *json.Encoder
	replies *json.Decoder
}

func newRemote(orders io.Writer, replies io.Reader) remote {
	return remote{orders: json.NewEncoder(orders), replies: json.NewDecoder(replies)}
}

func (r remote) poll(context.Context) (time.Duration, error) { return r.do(orderPoll) }

func (r remote) forget() error {
	_, err := r.do(orderForget)
	return err
}

func (r remote) do(order string) (time.Duration, error) {
	if err := r.orders.Encode(order); err != nil {
		return 0, fmt.Errorf("tell the client's process: %w", err)
	}
	var answer reply
	if err := r.replies.Decode(&answer); err != nil {
		return 0, fmt.Errorf("hear from the client's process: %w", err)
	}
	if answer.Error != "" {
		return 0, errors.New(answer.Error)
	}
	return answer.Took, nil
}

// child is a poller in a process of its own, so that what the process grows by is the client's.
type child struct {
	remote
	again
	empty float64 // MiB resident before there was a client
}

func startChild(ctx context.Context, what Child) (*child, error) {
	process, err := runAgain(ctx, what.args()...)
	if err != nil {
		return nil, fmt.Errorf("start a client: %w", err)
	}
	c := &child{remote: newRemote(process.stdin, process.stdout), again: process}
	if err := c.settle(); err != nil {
		return nil, errors.Join(fmt.Errorf("start a client: %w", err), c.close())
	}
	return c, nil
}

// settle waits until the process is there, and has the peak of its memory begin anew.
func (c *child) settle() error {
	if err := c.forget(); err != nil {
		return err
	}
	if err := resetMemory(c.cmd.Process.Pid); err != nil {
		return err
	}
	var err error
	c.empty, err = residentMemory(c.cmd.Process.Pid)
	return err
}

// memory is what the process has grown by at its peak, in MiB.
func (c *child) memory() (float64, error) {
	peak, err := residentMemory(c.cmd.Process.Pid)
	return peak - c.empty, err
}
