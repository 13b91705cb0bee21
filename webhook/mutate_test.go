package webhook

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func flinkPod(properties string, words ...string) *corev1.Pod {
	container := corev1.Container{Name: "flink", Args: words}
	if properties != "" {
		container.Env = []corev1.EnvVar{{Name: "FLINK_PROPERTIES", Value: properties}}
	}
	return &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{container}}}
}

// builtIn are the facts of a pod that takes nothing from elsewhere.
func builtIn() Facts { return Facts{Profile: DefaultProfiles().For("jobs")} }

func TestUsersHeartbeats(t *testing.T) {
	for _, c := range []struct {
		name, properties string
		args             []string
		want             []string
		warning          string
	}{
		{"none: both", "", nil, []string{"heartbeat.timeout=8000", "heartbeat.interval=2000"}, ""},
		{"both: nothing", "heartbeat.timeout: 60 s\nheartbeat.interval: 20 s", nil, nil, ""},
		{"a longer timeout keeps our interval", "heartbeat.timeout: 50000", nil, []string{"heartbeat.interval=2000"}, ""},
		{"a timeout below our interval gets a quarter of it", "", []string{"-Dheartbeat.timeout=1500"}, []string{"heartbeat.interval=375"}, ""},
		{"a timeout with a unit", "", []string{"-D", "heartbeat.timeout=4 s"}, []string{"heartbeat.interval=1000"}, ""},
		{"the argument's timeout counts, not that of FLINK_PROPERTIES", "heartbeat.timeout: 50000", []string{"-Dheartbeat.timeout=2000"}, []string{"heartbeat.interval=500"}, ""},
		{"the shortest timeout that leaves room", "heartbeat.timeout: 2", nil, []string{"heartbeat.interval=1"}, ""},
		{"a timeout that leaves none", "heartbeat.timeout: 1", nil, nil, `heartbeat.timeout="1"`},
		{"a short interval keeps our timeout", "heartbeat.interval: 500", nil, []string{"heartbeat.timeout=8000"}, ""},
		{"a long interval gets four times as much", "heartbeat.interval: 10s", nil, []string{"heartbeat.timeout=40000"}, ""},
		{"an interval of nothing", "heartbeat.interval: 0", nil, nil, `heartbeat.interval="0"`},
		{"an interval beyond reason", "heartbeat.interval: 9223372036854775807", nil, nil, "heartbeat.interval="},
		{"a timeout from a variable", "heartbeat.timeout: ${TIMEOUT}", nil, nil, `heartbeat.timeout="${TIMEOUT}"`},
		{"a timeout left empty", "heartbeat.timeout:", nil, nil, `heartbeat.timeout=""`},
		{"those of the user's program are not Flink's", "", []string{"run", "-Dheartbeat.timeout=1"}, []string{"heartbeat.timeout=8000", "heartbeat.interval=2000"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, report := Mutate(flinkPod(c.properties, append([]string{"taskmanager"}, c.args...)...), builtIn())
			if !slices.Equal(report.Injected, c.want) {
				t.Errorf("injected %v, want %v", report.Injected, c.want)
			}
			warning := strings.Join(report.Warnings, "\n")
			if (warning == "") != (c.warning == "") || !strings.Contains(warning, c.warning) {
				t.Errorf("warnings %q, want %q", warning, c.warning)
			}
		})
	}
}

// all is what a standalone-job that sets nothing gets, in this order.
var all = []string{
	"scheduler-mode=reactive",
	"heartbeat.timeout=8000",
	"heartbeat.interval=2000",
	"web.timeout=10000",
	"execution.checkpointing.interval=30s",
	"execution.checkpointing.min-pause=10s",
	"execution.checkpointing.tolerable-failed-checkpoints=3",
	"execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION",
	"restart-strategy=fixed-delay",
	"restart-strategy.fixed-delay.attempts=2147483647",
	"restart-strategy.fixed-delay.delay=1s",
	"jobmanager.adaptive-scheduler.resource-stabilization-timeout=5s",
	"jobmanager.adaptive-scheduler.scaling-interval.min=30s",
	"jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout=10s",
	"jobmanager.adaptive-scheduler.rescale-trigger.max-delay=30s",
}

func TestStandaloneJobGetsWhatItDoesNotSet(t *testing.T) {
	const scheduler = "jobmanager.adaptive-scheduler."
	for _, c := range []struct {
		name, properties string
		without          []string // keys
	}{
		{"nothing set", "", nil},
		{"something else set", "state.backend.type: rocksdb", nil},
		{"no reactive mode wanted", "scheduler-mode: none", []string{"scheduler-mode"}},
		{"its own checkpoint interval is not stretched by our pause", "execution.checkpointing.interval: 5s",
			[]string{"execution.checkpointing.interval", "execution.checkpointing.min-pause"}},
		{"its own interval for a backlog, which ours could exceed", "execution.checkpointing.interval-during-backlog: 20s",
			[]string{"execution.checkpointing.interval", "execution.checkpointing.min-pause"}},
		{"its own pause", "execution.checkpointing.min-pause: 1s", []string{"execution.checkpointing.min-pause"}},
		{"another restart strategy", "restart-strategy: exponential-delay",
			[]string{"restart-strategy", "restart-strategy.fixed-delay.attempts", "restart-strategy.fixed-delay.delay"}},
		{"another restart strategy by its new name", "restart-strategy.type: none",
			[]string{"restart-strategy", "restart-strategy.fixed-delay.attempts", "restart-strategy.fixed-delay.delay"}},
		{"the same restart strategy with attempts of its own", "restart-strategy.type: fixed-delay\nrestart-strategy.fixed-delay.attempts: 3",
			[]string{"restart-strategy", "restart-strategy.fixed-delay.attempts"}},
		{"attempts alone", "restart-strategy.fixed-delay.attempts: 3", []string{"restart-strategy.fixed-delay.attempts"}},
		{"a stabilization by its new name", scheduler + "submission.resource-stabilization-timeout: 1s", []string{scheduler + "resource-stabilization-timeout"}},
		{"a cooldown by its new name", scheduler + "executing.cooldown-after-rescaling: 1s", []string{scheduler + "scaling-interval.min"}},
		{"a longest interval that our shortest could exceed", scheduler + "scaling-interval.max: 20s", []string{scheduler + "scaling-interval.min"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, report := Mutate(flinkPod(c.properties, "standalone-job", "--job-classname", "demo.Job"), builtIn())
			var want []string
			for _, injected := range all {
				if key, _, _ := strings.Cut(injected, "="); !slices.Contains(c.without, key) {
					want = append(want, injected)
				}
			}
			if !slices.Equal(report.Injected, want) {
				t.Errorf("injected %v, want %v", report.Injected, want)
			}
		})
	}
}

func TestCommandLines(t *testing.T) {
	const pair = "-D heartbeat.timeout=8000 -D heartbeat.interval=2000"
	for _, c := range []struct {
		name, command, args   string
		wantCommand, wantArgs string
	}{
		{"the command word in args", "", "taskmanager -n", "", "taskmanager " + pair + " -n"},
		{"the entrypoint in command", "/docker-entrypoint.sh", "taskmanager", "/docker-entrypoint.sh", "taskmanager " + pair},
		{"the entrypoint without a path", "docker-entrypoint.sh", "taskmanager", "docker-entrypoint.sh", "taskmanager " + pair},
		{"the entrypoint in args", "", "/docker-entrypoint.sh taskmanager", "", "/docker-entrypoint.sh taskmanager " + pair},
		{"all in command", "/docker-entrypoint.sh taskmanager -n", "", "/docker-entrypoint.sh taskmanager " + pair + " -n", ""},
		{"the command word ends command", "/docker-entrypoint.sh taskmanager", "-n", "/docker-entrypoint.sh taskmanager " + pair, "-n"},
		{"the command word is command", "taskmanager", "-n", "taskmanager " + pair, "-n"},
		{"a JobManager's host", "", "jobmanager host", "", "jobmanager host " + pair},
		{"a JobManager's host and port", "", "jobmanager host 8081 -D a=b", "", "jobmanager host 8081 " + pair + " -D a=b"},
		{"a JobManager's host after the command", "jobmanager", "host", "jobmanager", "host " + pair},
		{"a JobManager without a host", "", "jobmanager -D a=b", "", "jobmanager " + pair + " -D a=b"},
		{"an init process in front", "/usr/bin/tini -g -- /docker-entrypoint.sh", "taskmanager -n", "/usr/bin/tini -g -- /docker-entrypoint.sh", "taskmanager " + pair + " -n"},
		{"an init process without dashes", "dumb-init", "/docker-entrypoint.sh taskmanager", "dumb-init", "/docker-entrypoint.sh taskmanager " + pair},
		{"an init process alone", "tini -s", "", "tini -s", ""},
		{"a shell script", "", "bash -c taskmanager", "", "bash -c taskmanager"},
		{"Flink's own script", "/opt/flink/bin/taskmanager.sh", "start-foreground", "/opt/flink/bin/taskmanager.sh", "start-foreground"},
		{"the entrypoint alone", "/docker-entrypoint.sh", "", "/docker-entrypoint.sh", ""},
		{"no command line", "", "", "", ""},
		{"another command word", "", "history-server", "", "history-server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := flinkPod("", strings.Fields(c.args)...)
			pod.Spec.Containers[0].Command = strings.Fields(c.command)
			after, _ := Mutate(pod, builtIn())
			container := after.Spec.Containers[0]
			if got := strings.Join(container.Command, " "); got != c.wantCommand {
				t.Errorf("command %q, want %q", got, c.wantCommand)
			}
			if got := strings.Join(container.Args, " "); got != c.wantArgs {
				t.Errorf("args %q, want %q", got, c.wantArgs)
			}
		})
	}
}

func TestScriptsThatStartFlink(t *testing.T) {
	for _, c := range []struct {
		name  string
		words []string
		want  bool
	}{
		{"the entrypoint", []string{"bash", "-c", "sleep 1; /docker-entrypoint.sh taskmanager"}, true},
		{"the entrypoint with the words after it", []string{"sh", "-c", `exec /docker-entrypoint.sh "$@"`, "--", "standalone-job"}, true},
		{"Flink's own script", []string{"bash", "-ec", "cd /opt/flink && exec bin/jobmanager.sh start-foreground"}, true},
		{"Flink's own script as the command", []string{"/opt/flink/bin/taskmanager.sh", "start-foreground"}, true},
		{"a host that is called so", []string{"sh", "-c", "until nc -z flink-jobmanager.shop 6123; do sleep 1; done"}, false},
		{"another image's entrypoint", []string{"/docker-entrypoint.sh", "postgres"}, false},
		{"a role without an entrypoint", []string{"echo", "taskmanager"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := flinkPod("")
			pod.Spec.Containers[0].Command = c.words
			after, report := Mutate(pod, builtIn())
			if after != pod || (len(report.Warnings) == 1) != c.want || (report.Reason == "a script starts Flink") != c.want {
				t.Errorf("reason %q, warnings %q, want them: %v", report.Reason, report.Warnings, c.want)
			}
		})
	}
}

func TestOptionsAreThoseThatTheVersionKnowsByTheNameThatItHasForThem(t *testing.T) {
	const scheduler = "jobmanager.adaptive-scheduler."
	renamed := map[string]string{
		"restart-strategy": "restart-strategy.type", scheduler + "scaling-interval.min": scheduler + "executing.cooldown-after-rescaling",
		scheduler + "resource-stabilization-timeout": scheduler + "submission.resource-stabilization-timeout",
	}
	since18, since20 := []string{scheduler + "scaling-interval.min"}, []string{scheduler + "executing.resource-stabilization-timeout", scheduler + "rescale-trigger.max-delay"}
	for _, c := range []struct {
		image   string
		without []string
		renamed map[string]string
	}{
		{image: "flink:1.13.6", without: slices.Concat(since18, since20)},
		{image: "flink:1.17.2", without: slices.Concat(since18, since20)},
		{image: "flink:1.20.1", without: since20},
		{image: "flink:2.3.0", renamed: renamed},
		{image: "registry.example/orders:1.13.6"},
	} {
		pod := flinkPod("", "standalone-job")
		pod.Spec.Containers[0].Image = c.image
		_, report := Mutate(pod, builtIn())
		want := slices.DeleteFunc(slices.Clone(all), func(injected string) bool {
			key, _, _ := strings.Cut(injected, "=")
			return slices.Contains(c.without, key)
		})
		for i, injected := range want {
			key, value, _ := strings.Cut(injected, "=")
			if name := c.renamed[key]; name != "" {
				want[i] = name + "=" + value
			}
		}
		if !slices.Equal(report.Injected, want) {
			t.Errorf("%s: injected %v, want %v", c.image, report.Injected, want)
		}
	}
}

func TestAnnotationKeepsWhatAnEarlierPassInjected(t *testing.T) {
	first, _ := Mutate(flinkPod("", "taskmanager"), builtIn())
	const want = "heartbeat.interval=2000,heartbeat.timeout=8000"
	if got := first.Annotations[AnnotationInjected]; got != want {
		t.Errorf("annotation %q, want %q", got, want)
	}
	// Another webhook takes one of the two away, and the API server asks again.
	first.Spec.Containers[0].Args = first.Spec.Containers[0].Args[:3]
	second, report := Mutate(first, builtIn())
	if !slices.Equal(report.Injected, []string{"heartbeat.interval=2000"}) || second.Annotations[AnnotationInjected] != want {
		t.Errorf("injected %v, annotation %q", report.Injected, second.Annotations[AnnotationInjected])
	}
}
