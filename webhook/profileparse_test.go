package webhook

import (
	"slices"
	"strings"
	"testing"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

func TestProfilesChangeTheDefaults(t *testing.T) {
	const file = `
defaults:
  standalone-job:
    execution.checkpointing.interval: 1 min
    execution.checkpointing.min-pause: null
    jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling: 2 min
    restart-strategy.type: exponential-delay
    restart-strategy.exponential-delay.max-backoff: 10s
  taskmanager:
    heartbeat.timeout: 12 s
    heartbeat.interval: 3000
namespaces:
  batch:
    taskmanager: {heartbeat.timeout: "", heartbeat.interval: ""}
    standalone-job:
      execution.checkpointing.unaligned: true
      restart-strategy.exponential-delay.backoff-multiplier: 2.5
`
	profiles, err := ParseProfiles([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		namespace string
		role      Role
		key, want string
	}{
		{"jobs", StandaloneJob, flinkconf.SchedulerMode, "reactive"},
		{"jobs", StandaloneJob, flinkconf.CheckpointInterval, "1 min"},
		{"jobs", StandaloneJob, flinkconf.CheckpointMinPause, ""},
		{"jobs", StandaloneJob, flinkconf.ScalingIntervalMin, "2 min"},
		{"jobs", StandaloneJob, flinkconf.RestartStrategy, "exponential-delay"},
		{"jobs", TaskManager, flinkconf.HeartbeatTimeout, "12000"},
		{"jobs", JobManager, flinkconf.HeartbeatTimeout, "8000"},
		{"batch", StandaloneJob, flinkconf.CheckpointInterval, "1 min"},
		{"batch", StandaloneJob, flinkconf.CheckpointUnaligned, "true"},
		{"batch", StandaloneJob, "restart-strategy.exponential-delay.backoff-multiplier", "2.5"},
		{"batch", TaskManager, flinkconf.HeartbeatTimeout, ""},
	} {
		if got := valueOf(profiles.For(c.namespace).of(c.role), c.key); got != c.want {
			t.Errorf("%s of a %s in %s is %q, want %q", c.key, c.role, c.namespace, got, c.want)
		}
	}
	_, report := Mutate(flinkPod("", "standalone-job"), Facts{Profile: profiles.For("batch")})
	for _, want := range []string{"restart-strategy=exponential-delay", "restart-strategy.exponential-delay.max-backoff=10s"} {
		if !slices.Contains(report.Injected, want) {
			t.Errorf("injected %v, without %s", report.Injected, want)
		}
	}
	if joined := strings.Join(report.Injected, " "); strings.Contains(joined, "fixed-delay") {
		t.Errorf("injected %v, with options of another restart strategy", report.Injected)
	}
}

func TestHashNamesTheContentOfAProfile(t *testing.T) {
	hash := func(file string) string {
		t.Helper()
		profiles, err := ParseProfiles([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		return profiles.For("jobs").Hash()
	}
	// A change of this value means that every pod looks as if it had got other defaults: on purpose only.
	const builtInHash = "8691828c0352"
	if got := DefaultProfiles().For("jobs").Hash(); got != builtInHash {
		t.Errorf("the hash of the built-in profile is %q, want %q", got, builtInHash)
	}
	for name, file := range map[string]string{
		"an empty file":                  "",
		"comments":                       "# nothing\n",
		"the default itself":             "defaults: {taskmanager: {heartbeat.timeout: 8 s}}",
		"another namespace":              "namespaces: {batch: {taskmanager: {heartbeat.timeout: 9 s}}}",
		"its namespace, nothing changed": "namespaces: {jobs: {}}",
	} {
		if got := hash(file); got != builtInHash {
			t.Errorf("%s: the hash is %q, want that of the defaults", name, got)
		}
	}
	if hash("namespaces: {jobs: {taskmanager: {heartbeat.timeout: 9 s}}}") == builtInHash {
		t.Error("a changed value doesn't change the hash")
	}
}

func TestProfilesTellEveryMistakeAtOnce(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string // a part of each mistake
	}{
		{"no YAML", "a: b: c", []string{"mapping values"}},
		{"a key twice", "defaults: {}\ndefaults: {}", []string{"already set"}},
		{"an unknown field", "default: {}", []string{`unknown field "default"`}},
		{"an unknown role", "defaults: {historyserver: {}}", []string{`defaults: Unsupported value: "historyserver": supported values: "standalone-job", "taskmanager", "jobmanager"`}},
		{"an unknown option", "defaults: {taskmanager: {heartbeat.timout: 8s}}", []string{`defaults.taskmanager: Unsupported value: "heartbeat.timout": supported values: `}},
		{"an option that harms jobs with state", "defaults: {standalone-job: {pipeline.max-parallelism: 720}}", []string{`Unsupported value: "pipeline.max-parallelism"`}},
		{"reactive mode where Flink doesn't start with it", "defaults: {jobmanager: {scheduler-mode: reactive}}", []string{"defaults.jobmanager.scheduler-mode: Forbidden: Flink starts in reactive mode only as standalone-job: remove it"}},
		{"a value that is none", "defaults: {standalone-job: {execution.checkpointing.interval: often}}", []string{`defaults.standalone-job.execution.checkpointing.interval: Invalid value: "often": must be a duration`}},
		{"several values", "defaults: {standalone-job: {execution.checkpointing.interval: [1s]}}", []string{"must be one value, or null"}},
		{"two names of one option", "defaults: {standalone-job: {restart-strategy: fixed-delay, restart-strategy.type: fixed-delay}}", []string{`"restart-strategy.type": is the same option as restart-strategy: keep one`}},
		{"a timeout not above its interval", "defaults: {jobmanager: {heartbeat.timeout: 2s}}", []string{`defaults.jobmanager.heartbeat.timeout: Invalid value: "2000": must exceed heartbeat.interval (2000)`}},
		{"a timeout alone", "defaults: {jobmanager: {heartbeat.interval: }}", []string{"defaults.jobmanager: Required value: set both heartbeat.timeout and heartbeat.interval"}},
		{"a TaskManager that gives up before it is asked", "defaults: {taskmanager: {heartbeat.timeout: 4s, heartbeat.interval: 1s}, jobmanager: {heartbeat.timeout: 20s, heartbeat.interval: 5s}}",
			[]string{`defaults.taskmanager.heartbeat.timeout: Invalid value: "4000": must exceed the heartbeat.interval of the JobManagers`}},
		{"a mistake that shows only over the defaults", "defaults: {taskmanager: {heartbeat.interval: 5s}}\nnamespaces: {a: {taskmanager: {heartbeat.timeout: 4s}}}",
			[]string{`namespaces[a].taskmanager.heartbeat.timeout: Invalid value: "4000": must exceed heartbeat.interval (5000)`}},
		{"a namespace that can't be", "namespaces: {Team_A: {}}", []string{`namespaces: Invalid value: "Team_A"`}},
		{"several mistakes", "profile: x\ndefaults: {standalone-job: {a: 1, scheduler-mode: fast}}\nnamespaces: {b: {taskmanager: {heartbeat.timeout: soon}}}",
			[]string{`unknown field "profile"`, `"a"`, `"fast": must be reactive`, `namespaces[b].taskmanager.heartbeat.timeout: Invalid value: "soon"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseProfiles([]byte(c.file))
			if err == nil {
				t.Fatal("no mistake found")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error says\n%v\nnot %q", err, want)
				}
			}
			if lines := strings.Count(err.Error(), "\n") + 1; len(c.want) > 1 && lines != len(c.want) {
				t.Errorf("%d mistakes, want %d:\n%v", lines, len(c.want), err)
			}
		})
	}
}

// What is valid once is valid when all of it is written out.
func FuzzParseProfiles(f *testing.F) {
	for _, seed := range []string{
		"", "defaults: {taskmanager: {heartbeat.timeout: 9 s}}", "namespaces: {a: {jobmanager: {heartbeat.timeout: null, heartbeat.interval: ''}}}",
		"defaults: {standalone-job: {restart-strategy.failure-rate.max-failures-per-interval: 1e3}}", "defaults: {? [] : {}}", "namespaces: null", "defaults: [", "defaults: {taskmanager: null}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		profiles, err := ParseProfiles([]byte(file))
		if err != nil {
			return
		}
		for _, role := range roles() {
			for _, p := range profiles.For("a").of(role) {
				option, known := flinkconf.FindOption(p.key)
				if value, err := option.Value(p.value); !known || err != nil || value != p.value {
					t.Errorf("%q gives a %s %s, which is not valid: %v", file, role, p, err)
				}
			}
		}
		if after, _ := Mutate(flinkPod("", "standalone-job"), Facts{Profile: profiles.For("a")}); after == nil {
			t.Error("no pod")
		}
	})
}
