package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// serve answers everything in one way.
func serve(t testing.TB, answer http.HandlerFunc) Target {
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return Target{Address: server.Listener.Addr().String()}
}

func write(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func TestAnswersThatCannotBeUsed(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	tests := []struct {
		name   string
		target Target
		want   string
	}{
		{"nobody listens", Target{Address: closed.Addr().String()}, "GET /overview: connection refused"},
		{"an address that is none", Target{Address: "no address"}, `GET /overview: invalid URL escape "%20"`},
		{"a standby without a leader", serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }),
			"GET /overview: status 503 Service Unavailable"},
		{"a page that isn't there", serve(t, http.NotFound), "GET /overview: status 404 Not Found: the JobManager does not know it"},
		{"a redirection is not followed", serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }),
			"GET /overview: status 302 Found"},
		{"a connection that breaks", serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "GET /overview: the connection was closed"},
		{"no JSON", serve(t, write("<html>")), "GET /overview: the answer is not what Flink's REST API sends: invalid character '<' looking for beginning of value"},
		{"nothing", serve(t, write("")), "GET /overview: the answer is not what Flink's REST API sends: unexpected end of JSON input"},
		{"another's JSON", serve(t, write("{}")), "GET /overview: the answer is not what Flink's REST API sends: it has no taskmanagers"},
		{"half of it", serve(t, write(`{"taskmanagers":1}`)), "GET /overview: the answer is not what Flink's REST API sends: it has no slots-total"},
		{"too much of it", serve(t, write(strings.Repeat(" ", maxBody+1))), "GET /overview: the answer is larger than 8 MiB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, err := New(Options{}).Overview(t.Context(), test.target); err == nil || err.Error() != test.want {
				t.Errorf("got %+v, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestAnAnswerThatLacksSomething(t *testing.T) {
	client := New(Options{})
	tests := []struct {
		name, body string
		read       func(Target) error
		want       string
	}{
		{"a list of jobs", `{}`, func(to Target) error { _, err := client.Jobs(t.Context(), to); return err }, "it has no jobs"},
		{"a job's id", `{"jobs":[{"jid":"../../etc"}]}`, func(to Target) error { _, err := client.Jobs(t.Context(), to); return err }, "a job's jid is not 32 hexadecimal digits"},
		{"a job's state", `{}`, func(to Target) error { _, err := client.Job(t.Context(), to, jobID); return err }, "it has no state"},
		{"the time", `{"state":"RUNNING"}`, func(to Target) error { _, err := client.Job(t.Context(), to, jobID); return err }, "it has no now"},
		{"a vertex's id", `{"state":"RUNNING","now":1,"vertices":[{"id":"x"}]}`, func(to Target) error { _, err := client.Job(t.Context(), to, jobID); return err },
			"a vertex's id is not 32 hexadecimal digits"},
		{"subtasks", `{}`, func(to Target) error { _, err := client.Subtasks(t.Context(), to, jobID, vertexID); return err }, "it has no subtasks"},
		{"a subtask's number", `{"subtasks":[{}]}`, func(to Target) error { _, err := client.Subtasks(t.Context(), to, jobID, vertexID); return err }, "it has no subtask"},
		{"a subtask", `{"subtasks":[{"subtask":0},{"subtask":2}]}`, func(to Target) error { _, err := client.Subtasks(t.Context(), to, jobID, vertexID); return err },
			"its subtasks are not numbered from 0 to 1"},
		{"the latest checkpoints", `{}`, func(to Target) error { _, err := client.Checkpoints(t.Context(), to, jobID); return err }, "it has no latest"},
		{"the checkpoints' interval", `{}`, func(to Target) error { _, err := client.CheckpointConfig(t.Context(), to, jobID); return err }, "it has no interval"},
		{"the checkpoints' time-out", `{"interval":1}`, func(to Target) error { _, err := client.CheckpointConfig(t.Context(), to, jobID); return err }, "it has no timeout"},
		{"the heaps' size", `[{"id":"x"}]`, func(to Target) error { _, err := client.TaskManagers(t.Context(), to); return err }, "it has no " + heapMax},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.read(serve(t, write(test.body)))
			if !errors.Is(err, errAnswer) || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestAnInputThatThePlanLacksIsNotNone(t *testing.T) {
	const vertices = `{"state":"RUNNING","now":1,"vertices":[{"id":"` + vertexID + `"}],"plan":{"nodes":[%s]}}`
	for plan, want := range map[string]bool{"": false, `{"id":"` + jobID + `"}`: false, `{"id":"` + vertexID + `"}`: true} {
		got, err := New(Options{}).Job(t.Context(), serve(t, write(fmt.Sprintf(vertices, plan))), jobID)
		if err != nil || got.Planned != want {
			t.Errorf("%s: got %+v, %v", plan, got, err)
		}
	}
}

func TestAnAnswerThatDoesNotCome(t *testing.T) {
	asked := make(chan struct{})
	target := serve(t, func(_ http.ResponseWriter, r *http.Request) { close(asked); <-r.Context().Done() })
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-asked; cancel(nil) }()
	if _, err := New(Options{}).Overview(ctx, target); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ctx, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer stop()
	if _, err := New(Options{}).Overview(ctx, target); err == nil || err.Error() != "GET /overview: no answer in time" {
		t.Errorf("got %v", err)
	}
}

func TestOneConnectionServesManyGETs(t *testing.T) {
	j := newJobManager(t)
	j.answers["/overview"] = recorded(t, running, "overview")
	client := New(Options{})
	for range 5 {
		if _, err := client.Overview(t.Context(), j.target()); err != nil {
			t.Fatal(err)
		}
	}
	if len(j.connections) != 1 {
		t.Errorf("%d connections", len(j.connections))
	}
}

// counts is a Meter.
type counts struct{ requested, failed map[Request]int }

func (c counts) Requested(r Request) { c.requested[r]++ }
func (c counts) Failed(r Request)    { c.failed[r]++ }

func TestEachGETIsCounted(t *testing.T) {
	j := newJobManager(t)
	j.answers["/overview"] = recorded(t, running, "overview")
	j.answers["/jobs/overview"] = "{}"
	meter := counts{map[Request]int{}, map[Request]int{}}
	client := New(Options{Meter: meter})
	for range 2 {
		_, _ = client.Overview(t.Context(), j.target())
		_, _ = client.Jobs(t.Context(), j.target())
	}
	if got := fmt.Sprint(meter); got != "{map[jobs:2 overview:2] map[jobs:2]}" {
		t.Errorf("got %s", got)
	}
}

// FuzzAnswers reads each answer as all of the kinds.
func FuzzAnswers(f *testing.F) {
	for _, folder := range []string{flink1_13, flink1_17, flink1_20, overloaded} {
		for _, name := range []string{"overview", "jobs", "job", "vertex", "gauges", "checkpoint_config", "config"} {
			f.Add(recorded(f, folder, name))
		}
	}
	f.Add(recorded(f, restarting, "job"))
	f.Add(`{"state":"CREATED","now":1,"vertices":null,"plan":null}`)
	f.Add(`[{"id":"a","min":"-Infinity","max":null,"sum":"NaN"}]`)
	f.Fuzz(func(t *testing.T, data string) {
		finite := func(values ...float64) {
			for _, value := range values {
				if math.IsNaN(value) || math.IsInf(value, 0) {
					t.Errorf("a number that is none passes: %v", values)
				}
			}
		}
		if answer, err := decode[overviewAnswer](data); err == nil {
			_, _ = answer.overview()
		}
		if answer, err := decode[jobsAnswer](data); err == nil {
			_, _ = answer.jobs()
		}
		if answer, err := decode[jobAnswer](data); err == nil {
			job, _ := answer.job()
			for _, v := range job.Vertices {
				finite(v.Times.Total(), v.RecordsIn, v.RecordsOut)
			}
		}
		if answer, err := decode[vertexAnswer](data); err == nil {
			subtasks, _ := answer.subtasks()
			for _, s := range subtasks {
				finite(s.Times.Busy, s.Times.Idle, s.Times.Backpressured, s.RecordsIn)
			}
		}
		if answer, err := decode[aggregates](data); err == nil {
			gauges, _ := answer.gauges()
			finite(gauges.Busy, gauges.Idle, gauges.Backpressured)
			if spans, err := answer.spans([]string{"a"}); err == nil {
				finite(spans["a"].min, spans["a"].max, spans["a"].sum)
			}
		}
		if answer, err := decode[checkpointConfigAnswer](data); err == nil {
			if config, err := answer.config(); err == nil && config.Interval < 0 {
				t.Errorf("got %+v", config)
			}
		}
		if answer, err := decode[configAnswer](data); err == nil {
			_, _ = answer.options()
		}
		if answer, err := decode[metricsAnswer](data); err == nil {
			_, _ = answer.heap()
		}
		if answer, err := decode[taskManagersAnswer](data); err == nil {
			_, _ = answer.ids()
		}
		_ = notFound([]byte(data))
	})
}

func decode[A any](data string) (answer A, err error) {
	return answer, json.Unmarshal([]byte(data), &answer)
}
