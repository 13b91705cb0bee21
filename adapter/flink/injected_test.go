package flink

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

func config(pairs ...string) (entries []configEntry) {
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		entries = append(entries, configEntry{key, value})
	}
	return entries
}

func TestOverrides(t *testing.T) {
	for _, test := range []struct {
		name, injected string
		config         []configEntry
		want           []Override
	}{
		{"all in force", "a=1,b=2", config("a=1", "b=2", "c=3"), nil},
		{"nothing injected", "", config("a=1"), nil},
		{"another value", "heartbeat.timeout=8000,scheduler-mode=reactive", config("heartbeat.timeout=50000", "scheduler-mode=reactive"),
			[]Override{{"heartbeat.timeout", "8000", "50000"}}},
		{"none at all", "b=2,a=1", nil, []Override{{"a", "1", ""}, {"b", "2", ""}}},
		{"overridden by the option's newer name", "restart-strategy=fixed-delay", config("restart-strategy=fixed-delay", "restart-strategy.type=none"),
			[]Override{{"restart-strategy", "fixed-delay", "none"}}},
		{"the newer name with the same value", "restart-strategy=fixed-delay", config("restart-strategy.type=fixed-delay"), nil},
		{"a value with an equals sign", "a=b=c", config("a=b=c"), nil},
		{"a value with a comma", "a=1,2,b=3", config("a=1,2", "b=3"), nil},
		{"a value that Flink hides is not known", "a=1", config("a=******"), nil},
		{"an annotation that is none of ours", ",x,", config("a=1"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := overrides(test.injected, test.config); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func FuzzOverrides(f *testing.F) {
	f.Add("heartbeat.timeout=8000,heartbeat.interval=2000", "heartbeat.timeout", "50000")
	f.Add("a=1,2,b", "a", "1,2,b")
	f.Add(",=,x", "", "")
	f.Fuzz(func(t *testing.T, annotation, key, value string) {
		for _, override := range overrides(annotation, []configEntry{{key, value}}) {
			if override.InForce == override.Injected || override.InForce != "" && override.InForce != value {
				t.Errorf("%+v of %q with %q=%q", override, annotation, key, value)
			}
		}
	})
}

// compared records what a collector tells.
type compared struct {
	calls int
	last  []Override
}

func TestWhatWasInjectedIsComparedOnceInEachEpoch(t *testing.T) {
	var asked, broken atomic.Int64
	running := atomic.Int64{}
	running.Store(1_000_000)
	jm := newJobManagerStub(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path != "/jobmanager/config":
				next.ServeHTTP(w, r)
				return
			case broken.Load() > 0:
				w.WriteHeader(http.StatusInternalServerError)
			default:
				_, _ = fmt.Fprint(w, `[{"key": "heartbeat.timeout", "value": "50000"}]`)
			}
			asked.Add(1)
		})
	})
	clock, told, injected := clocktesting.NewFakeClock(time.Unix(1_000_000, 0)), compared{}, "heartbeat.timeout=8000"
	collector := newTestCollector(clock)
	collector.opts.Injected = func(JobManager) string { return injected }
	collector.opts.Compared = func(j JobManager, overrides []Override) {
		if j != jm.JobManager {
			t.Errorf("told of %s", j)
		}
		told.calls, told.last = told.calls+1, overrides
	}
	poll := func(rounds int) {
		t.Helper()
		for range rounds {
			jm.seconds.Add(5)
			clock.Step(5 * time.Second)
			if got := collector.Poll(t.Context(), []JobManager{jm.JobManager})[jm.JobManager]; got.Err != nil && !errors.Is(got.Err, errSettling) {
				t.Fatal(got.Err)
			}
		}
	}
	check := func(what string, wantAsked, wantCalls, wantOverrides int) {
		t.Helper()
		if asked.Load() != int64(wantAsked) || told.calls != wantCalls || len(told.last) != wantOverrides {
			t.Errorf("%s: asked %d times, told %d times, at last of %v; want %d, %d, %d", what, asked.Load(), told.calls, told.last, wantAsked, wantCalls, wantOverrides)
		}
	}
	broken.Store(1)
	poll(2)
	check("a JobManager that doesn't answer is asked again", 2, 0, 0)
	broken.Store(0)
	poll(4)
	check("once it answers, it is not asked any more", 3, 1, 1)
	collector.jobs[jm.JobManager].compared.running++
	poll(2)
	check("a new epoch", 4, 2, 1)
	injected = ""
	collector.jobs[jm.JobManager].compared.running++
	poll(2)
	check("nothing injected, nothing asked", 4, 2, 1)
	clock.Step(2*window + 1)
	collector.Poll(t.Context(), nil)
	check("a job that is not polled any more is forgotten", 4, 3, 0)
}
