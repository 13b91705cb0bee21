package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestMain lets this program be its own child, as the benchmark is.
func TestMain(m *testing.M) {
	serve := map[string]func(args []string) error{
		ChildCommand: func(args []string) error {
			child, err := ParseChild(args)
			if err != nil {
				return err
			}
			return Serve(context.Background(), child, os.Stdin, os.Stdout)
		},
		FleetCommand: func(args []string) error {
			jobs, err := strconv.Atoi(args[0])
			if err != nil {
				return err
			}
			return ServeFleet(context.Background(), jobs, os.Stdin, os.Stdout)
		},
	}
	if len(os.Args) < 2 || serve[os.Args[1]] == nil {
		os.Exit(m.Run())
	}
	if err := serve[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestClientsInProcessesOfTheirOwn(t *testing.T) {
	c := startFilled(t, 10)
	one, err := c.measureApart(t.Context(), ours, 10, 10)
	if err != nil {
		t.Fatal(err)
	}
	if one.memory == nil || *one.memory <= 0 {
		t.Errorf("its memory is %v", one.memory)
	}
	two, err := c.measureApart(t.Context(), ours, 10, 5)
	if err != nil {
		t.Fatal(err)
	}
	if two.memory != nil {
		t.Errorf("the memory of two processes is %v, as if one had all groups", *two.memory)
	}
	if two.cold.requests <= one.cold.requests || two.cold.connections != 2*one.cold.connections {
		t.Errorf("two processes cost %+v, one %+v: they are not added up", two.cold, one.cold)
	}
	if _, err := c.measureApart(t.Context(), ours, 11, 11); err == nil || !strings.Contains(err.Error(), "group-00010") {
		t.Errorf("a group that has not committed: %v", err)
	}
}

func TestAPollerBehindPipes(t *testing.T) {
	c := startFilled(t, 10)
	orders, tell := io.Pipe()
	hear, replies := io.Pipe()
	served := make(chan error, 1)
	go func() {
		served <- Serve(t.Context(), Child{client: ours, groups: span{0, 10}, addrs: c.addrs}, orders, replies)
	}()
	p := newRemote(tell, hear)
	m, err := c.measure(t.Context(), p, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if m.cold.requests <= m.warm.requests || m.warm.requests == 0 || m.cold.connections == 0 || m.warm.ms <= 0 {
		t.Errorf("measured %+v", m)
	}
	if _, err := p.do("dance"); err == nil || !strings.Contains(err.Error(), `"dance"`) {
		t.Errorf("an unknown order: %v", err)
	}
	c.close()
	if _, err := p.poll(t.Context()); err == nil {
		t.Error("a poll without brokers went well")
	}
	if err := tell.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Errorf("the end of the orders: %v", err)
	}
}

func TestChildArguments(t *testing.T) {
	want := Child{client: perGroup, groups: span{10, 20}, addrs: []string{"127.0.0.1:1", "127.0.0.1:2"}}
	args := want.args()
	got, err := ParseChild(args[1:])
	if err != nil || got.client != want.client || got.groups != want.groups || !slices.Equal(got.addrs, want.addrs) {
		t.Errorf("%q are read as %+v, %v", args, got, err)
	}
	for _, args := range [][]string{nil, {ours, "0", "1"}, {ours, "0", "x", "127.0.0.1:1"}, {ours, "x", "1", "127.0.0.1:1"}} {
		if child, err := ParseChild(args); err == nil {
			t.Errorf("%q are read as %+v", args, child)
		}
	}
}
