package flink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

// jobManagerStub answers as a JobManager with one job, whose one vertex is 3/4 busy.
type jobManagerStub struct {
	JobManager
	seconds  atomic.Int64 // since the job went RUNNING
	requests atomic.Int64
}

func newJobManagerStub(t *testing.T, wrap func(http.Handler) http.Handler) *jobManagerStub {
	j := &jobManagerStub{}
	mux := http.NewServeMux()
	answer := func(path, format string, args func() []any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			j.requests.Add(1)
			_, _ = fmt.Fprintf(w, format, args()...)
		})
	}
	id := strings.Repeat("0a", 16)
	answer("/overview", `{"slots-total": 2}`, func() []any { return nil })
	answer("/jobs/overview", `{"jobs": [{"jid": %q, "state": "RUNNING", "last-modification": 1000000, "tasks": {"running": 2, "total": 2}}]}`, func() []any { return []any{id} })
	answer("/jobs/"+id, `{"state": "RUNNING", "now": %d, "timestamps": {"RUNNING": 1000000}, "vertices": [{"id": "v", "parallelism": 2, "maxParallelism": 128,
		"tasks": {"RUNNING": 2}, "metrics": {"accumulated-busy-time": %d, "accumulated-idle-time": %d, "accumulated-backpressured-time": 0}}]}`, func() []any {
		s := j.seconds.Load()
		return []any{1000000 + 1000*s, 1500 * s, 500 * s}
	})
	server := httptest.NewServer(wrap(mux))
	t.Cleanup(server.Close)
	j.JobManager = JobManager{Namespace: "shop", Pod: "orders", Address: server.Listener.Addr().String()}
	return j
}

func plain(h http.Handler) http.Handler { return h }

func newTestCollector(clock *clocktesting.FakeClock) *Collector {
	return NewCollector(Options{Settle: settle, Window: window, Clock: clock, Running: func(JobManager) bool { return true }})
}

func TestPoll(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Unix(1_000_000, 0))
	jm := newJobManagerStub(t, plain)
	collector := newTestCollector(clock)
	for round := 1; round <= 8; round++ {
		jm.seconds.Add(5)
		clock.Step(5 * time.Second)
		got := collector.Poll(t.Context(), []JobManager{jm.JobManager})[jm.JobManager]
		switch {
		case round < 8 && !errors.Is(got.Err, errSettling):
			t.Errorf("round %d: got %+v, want errSettling", round, got)
		case round == 8 && (got.Err != nil || got.Value.Busy != 0.75 || !got.Time.Equal(clock.Now())):
			t.Errorf("round %d: got %+v", round, got)
		}
	}
	if got := jm.requests.Load(); got != 8*3 {
		t.Errorf("%d requests in 8 rounds, want three each", got)
	}
}

func TestPollForgetsAJobThatIsNotAskedForAnyMore(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Unix(1_000_000, 0))
	jm := newJobManagerStub(t, plain)
	collector := newTestCollector(clock)
	collector.Poll(t.Context(), []JobManager{jm.JobManager})
	clock.Step(2 * window)
	if collector.Poll(t.Context(), nil); len(collector.jobs) != 1 {
		t.Errorf("%d jobs remembered, want 1", len(collector.jobs))
	}
	clock.Step(1)
	if collector.Poll(t.Context(), nil); len(collector.jobs) != 0 {
		t.Errorf("%d jobs remembered, want none", len(collector.jobs))
	}
}

func TestPollErrors(t *testing.T) {
	broken := func(status int, body string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/overview" {
					next.ServeHTTP(w, r)
					return
				}
				w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			})
		}
	}
	const hangs = "GET /jobs/overview: no answer in time"
	tests := []struct {
		name string
		wrap func(http.Handler) http.Handler
		want string
	}{
		{"a status other than 200 is named with its path", broken(503, "{}"), "GET /overview: status 503 Service Unavailable"},
		{"a redirect is not followed", broken(307, "{}"), "GET /overview: status 307 Temporary Redirect"},
		{"a page instead of JSON", broken(200, "<html>"), "GET /overview: the answer is not what Flink's REST API sends"},
		{"an answer without end", broken(200, strings.Repeat(" ", maxBody+1)), "GET /overview: the answer is larger than 8 MiB"},
		{"no answer", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}, hangs},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			healthy, jm := newJobManagerStub(t, plain), newJobManagerStub(t, test.wrap)
			deadline := time.Minute
			if test.want == hangs {
				deadline = 2 * time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			got := newTestCollector(clocktesting.NewFakeClock(time.Unix(1_000_000, 0))).Poll(ctx, []JobManager{jm.JobManager, healthy.JobManager})
			if err := got[jm.JobManager].Err; err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err := got[healthy.JobManager].Err; !errors.Is(err, errSettling) {
				t.Errorf("the other JobManager: %v", err)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		jm := JobManager{Address: listener.Addr().String()}
		_ = listener.Close()
		got := newTestCollector(clocktesting.NewFakeClock(time.Unix(1_000_000, 0))).Poll(t.Context(), []JobManager{jm})[jm]
		if want := "GET /jobs/overview: connection refused"; got.Err == nil || got.Err.Error() != want {
			t.Errorf("got %v, want %q", got.Err, want)
		}
	})
}

func TestAPodThatIsGoneIsNotAsked(t *testing.T) {
	jm := newJobManagerStub(t, plain)
	collector := newTestCollector(clocktesting.NewFakeClock(time.Unix(1_000_000, 0)))
	collector.opts.Running = func(JobManager) bool { return false }
	got := collector.Poll(t.Context(), []JobManager{jm.JobManager})[jm.JobManager]
	if !errors.Is(got.Err, ErrNotFound) || jm.requests.Load() != 0 {
		t.Errorf("got %v after %d requests", got.Err, jm.requests.Load())
	}
}

// BenchmarkParse is what one /jobs/:id costs.
func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile(filepath.Join("testdata", "running", "job.json"))
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }))
	defer server.Close()
	client := newRESTClient()
	b.ReportAllocs()
	for b.Loop() {
		var detail jobDetail
		if err := client.get(b.Context(), server.Listener.Addr().String(), "/jobs/x", &detail); err != nil {
			b.Fatal(err)
		}
	}
}
