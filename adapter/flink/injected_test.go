package flink

import (
	"reflect"
	"strings"
	"testing"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

func options(pairs ...string) map[string]string {
	set := map[string]string{}
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		set[key] = value
	}
	return set
}

func TestOverrides(t *testing.T) {
	for _, test := range []struct {
		name, injected string
		config         map[string]string
		want           []Override
	}{
		{"all in force", "a=1,b=2", options("a=1", "b=2", "c=3"), nil},
		{"nothing injected", "", options("a=1"), nil},
		{"another value", "heartbeat.timeout=8000,scheduler-mode=reactive", options("heartbeat.timeout=50000", "scheduler-mode=reactive"),
			[]Override{{"heartbeat.timeout", "8000", "50000"}}},
		{"none at all", "b=2,a=1", nil, []Override{{"a", "1", ""}, {"b", "2", ""}}},
		{"overridden by the option's newer name", "restart-strategy=fixed-delay", options("restart-strategy=fixed-delay", "restart-strategy.type=none"),
			[]Override{{"restart-strategy", "fixed-delay", "none"}}},
		{"the newer name with the same value", "restart-strategy=fixed-delay", options("restart-strategy.type=fixed-delay"), nil},
		{"a value with an equals sign", "a=b=c", options("a=b=c"), nil},
		{"a value with a comma", "a=1,2,b=3", options("a=1,2", "b=3"), nil},
		{"a value that Flink hides is not known", "a=1", options("a=******"), nil},
		{"an annotation that is none of ours", ",x,", options("a=1"), nil},
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
		for _, override := range overrides(annotation, map[string]string{key: value}) {
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
	b := newBed(t)
	s := b.stub("orders-0")
	key := Key{Cluster: ordersJob}
	told, injected := compared{}, "heartbeat.timeout=8000"
	b.opts.Injected = func(JobManager) string { return injected }
	b.opts.Compared = func(j JobManager, overrides []Override) {
		if j != s.JobManager {
			t.Errorf("told of %s", j)
		}
		told.calls, told.last = told.calls+1, overrides
	}
	check := func(what string, wantAsked, wantCalls, wantOverrides int) {
		t.Helper()
		asked := b.meter.take()[rest.RequestConfig]
		if asked != wantAsked || told.calls != wantCalls || len(told.last) != wantOverrides {
			t.Errorf("%s: asked %d times, told %d times, at last of %v; want %d, %d, %d", what, asked, told.calls, told.last, wantAsked, wantCalls, wantOverrides)
		}
	}
	s.change(func(s *stub) { s.broken["/jobmanager/config"] = true })
	wantReading(t, "TaskManagers", b.rounds(2, key)[key].TaskManagers, 2, nil)
	check("a JobManager that doesn't answer is asked again", 2, 0, 0)
	s.change(func(s *stub) { s.broken["/jobmanager/config"] = false })
	b.rounds(4, key)
	check("once it answers, it is not asked any more", 1, 1, 1)
	s.restart(2)
	b.rounds(2, key)
	check("a new epoch", 1, 2, 1)
	injected = ""
	s.restart(3)
	b.rounds(2, key)
	check("nothing injected, nothing asked", 0, 2, 1)
	injected = "heartbeat.timeout=8000"
	s.restart(2)
	b.rounds(2, key)
	check("injected again", 1, 3, 1)
	b.clock.Step(hold + 1)
	b.Poll(t.Context(), nil)
	check("a job that is not polled any more is forgotten", 0, 4, 0)
}
