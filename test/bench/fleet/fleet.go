// Package fleet is many JobManagers in one process. Each answers as Flink 2.3 does, for a job that has run steadily for an
// hour: recorded answers, in which what moves on with time does so.
package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"k8s.io/utils/clock"
)

// Most is how many JobManagers there can be.
const Most = addressesInBlock * 256

// addressesInBlock is how many of the addresses 127.250.BLOCK.x are used: from .1 on.
const addressesInBlock = 250

// Fleet answers for JobManagers that are numbered from 0. It is safe for concurrent use.
type Fleet struct {
	clock    clock.PassiveClock
	started  time.Time
	requests []atomic.Int64 // by job, since the last Take
	routes   *http.ServeMux
}

// New returns a fleet whose jobs went RUNNING an hour ago. Each reads the partitions of one topic, topicOf.
func New(jobs int, topicOf func(job int) string, clock clock.PassiveClock) (*Fleet, error) {
	if jobs > Most {
		return nil, fmt.Errorf("fleet: %d JobManagers; there are addresses for %d", jobs, Most)
	}
	f := &Fleet{clock: clock, started: clock.Now().Add(-time.Hour), requests: make([]atomic.Int64, jobs), routes: http.NewServeMux()}
	answers, err := readAnswers()
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	for pattern, answer := range answers.routes() {
		f.routes.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			job, ok := jobAt(r.Context())
			if !ok || job >= jobs {
				http.Error(w, "no JobManager has this address", http.StatusNotFound)
				return
			}
			f.requests[job].Add(1)
			body, err := answer(stateAt(job, topicOf(job), f.started, f.clock.Now()), r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusNotFound)
				return
			}
			w.Header().Set("Content-Type", "application/json; charset=UTF-8")
			_, _ = w.Write(body) // nobody to tell when the reader has gone
		})
	}
	return f, nil
}

// Take returns the requests to each JobManager since the last Take.
func (f *Fleet) Take() []int64 {
	taken := make([]int64, len(f.requests))
	for job := range f.requests {
		taken[job] = f.requests[job].Swap(0)
	}
	return taken
}

// Serve answers at the addresses of all JobManagers until ctx ends.
func (f *Fleet) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: f.routes}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); err != nil && ctx.Err() == nil {
		return fmt.Errorf("fleet: %w", err)
	}
	return nil
}

// Listen takes a free port of every address in 127.0.0.0/8, and of no other network. One listener for each JobManager would
// take as many files again as their connections do.
func Listen(ctx context.Context) (_ net.Listener, port int, err error) {
	onLoopback := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		var failed error
		if err := conn.Control(func(fd uintptr) { failed = syscall.BindToDevice(int(fd), "lo") }); err != nil {
			return err
		}
		return failed
	}}
	listener, err := onLoopback.Listen(ctx, "tcp4", ":0")
	if err != nil {
		return nil, 0, fmt.Errorf("fleet: %w", err)
	}
	return listener, listener.Addr().(*net.TCPAddr).Port, nil
}

// Address is the IP address of a JobManager. Test beds use none of 127.250.0.0/16.
func Address(job int) string {
	return fmt.Sprintf("127.250.%d.%d", job/addressesInBlock, 1+job%addressesInBlock)
}

// jobAt is the JobManager whose address a request came to.
func jobAt(ctx context.Context) (int, bool) {
	at, ok := ctx.Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return 0, false
	}
	ip := at.IP.To4()
	if ip == nil || ip[0] != 127 || ip[1] != 250 || ip[3] < 1 || ip[3] > addressesInBlock {
		return 0, false
	}
	return int(ip[2])*addressesInBlock + int(ip[3]) - 1, true
}

// asked are the values of a query parameter that lists them.
func asked(r *http.Request, parameter string) []string {
	value := r.URL.Query().Get(parameter)
	if value == "" {
		return nil
	}
	return strings.Split(value, ",")
}

func encode(answer any) ([]byte, error) { return json.Marshal(answer) }
