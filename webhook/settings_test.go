package webhook

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// containerPod is a pod with one Flink container, its fields besides args in YAML, and volumes.
func containerPod(t *testing.T, fields, volumes string, words ...string) *corev1.Pod {
	t.Helper()
	pod := flinkPod("", words...)
	for text, into := range map[string]any{fields: &pod.Spec.Containers[0], volumes: &pod.Spec.Volumes} {
		if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	return pod
}

const (
	folder     = "volumeMounts: [{name: conf, mountPath: /opt/flink/conf}]\n"
	confVolume = "[{name: conf, configMap: {name: conf}}]"
)

// What Flink starts with, and what the pod only says, from each place that settings can come from.
func TestOwnSettings(t *testing.T) {
	conf := ObjectKey{KindConfigMap, "conf"}
	for _, c := range []struct {
		name            string
		image           string
		fields, volumes string
		args            []string
		data            map[string]string // of ConfigMap conf
		inForce         flinkconf.Settings
		idle            flinkconf.Settings // said, and not surely in force
		unseen          string
		warning         string
	}{
		{name: "nothing"},
		{name: "arguments win over FLINK_PROPERTIES, and those over the file that the image has", fields: "env: [{name: FLINK_PROPERTIES, value: \"a: 1\\nb: 1\"}]",
			args: []string{"-Da=2"}, inForce: flinkconf.Settings{"a": "2", "b": "1"}},
		{name: "arguments win over the file", image: "flink:1.17.2", fields: folder, volumes: confVolume, args: []string{"-Da=2"},
			data: map[string]string{"flink-conf.yaml": "a: 1\nb: 1"}, inForce: flinkconf.Settings{"a": "2", "b": "1"}},
		{name: "1.17 reads flink-conf.yaml", image: "flink:1.17.2", fields: folder, volumes: confVolume,
			data: map[string]string{"flink-conf.yaml": "a: old", "config.yaml": "a: new"}, inForce: flinkconf.Settings{"a": "old"}},
		{name: "1.20 prefers it", image: "flink:1.20.1", fields: folder, volumes: confVolume,
			data: map[string]string{"flink-conf.yaml": "a: old", "config.yaml": "a: new"}, inForce: flinkconf.Settings{"a": "old"}},
		{name: "1.20 reads config.yaml alone", image: "flink:1.20.1", fields: folder, volumes: confVolume,
			data: map[string]string{"config.yaml": "a: new"}, inForce: flinkconf.Settings{"a": "new"}},
		{name: "2.3 reads config.yaml", image: "flink:2.3.0", fields: folder, volumes: confVolume,
			data: map[string]string{"flink-conf.yaml": "a: old", "config.yaml": "a: new"}, inForce: flinkconf.Settings{"a": "new"}},
		{name: "2.3 doesn't read flink-conf.yaml", image: "flink:2.3.0", fields: folder, volumes: confVolume,
			data: map[string]string{"flink-conf.yaml": "a: old"}, idle: flinkconf.Settings{"a": "old"}, warning: "Flink 2.3 doesn't read flink-conf.yaml of ConfigMap conf"},
		{name: "an unknown version reads the one file of a mounted folder", fields: folder, volumes: confVolume,
			data: map[string]string{"flink-conf.yaml": "a: old"}, inForce: flinkconf.Settings{"a": "old"}},
		{name: "an unknown version may read either of two files", fields: folder, volumes: confVolume,
			data: map[string]string{"flink-conf.yaml": "a: old", "config.yaml": "b: new"}, idle: flinkconf.Settings{"a": "old", "b": "new"}},
		{name: "an unknown version may not read a single file", fields: "volumeMounts: [{name: conf, mountPath: /opt/flink/conf/config.yaml, subPath: config.yaml}]",
			volumes: confVolume, data: map[string]string{"config.yaml": "a: new"}, idle: flinkconf.Settings{"a": "new"}},
		{name: "a ConfigMap without a file for Flink", image: "flink:2.3.0", fields: folder, volumes: confVolume, data: map[string]string{"log4j.properties": "x"}},
		{name: "a mount of another folder", fields: "volumeMounts: [{name: conf, mountPath: /opt/flink/configuration}]", volumes: confVolume},
		{name: "a mount above the folder", image: "flink:2.3.0", fields: "volumeMounts: [{name: conf, mountPath: /opt}]",
			volumes: "[{name: conf, configMap: {name: conf, items: [{key: k, path: flink/conf/config.yaml}]}}]", data: map[string]string{"k": "a: 1"}, inForce: flinkconf.Settings{"a": "1"}},
		{name: "the nearest mount counts", image: "flink:2.3.0", fields: "volumeMounts: [{name: other, mountPath: /opt/flink}, {name: conf, mountPath: /opt/flink/conf/config.yaml, subPath: k}, {name: other, mountPath: /opt}]",
			volumes: "[{name: conf, configMap: {name: conf}}, {name: other, emptyDir: {}}]", data: map[string]string{"k": "a: 1"}, inForce: flinkconf.Settings{"a": "1"}},
		{name: "the folder that FLINK_CONF_DIR names", image: "flink:2.3.0", fields: "env: [{name: FLINK_CONF_DIR, value: /etc/flink}]\nvolumeMounts: [{name: conf, mountPath: /etc/flink}]",
			volumes: confVolume, data: map[string]string{"config.yaml": "a: 1"}, inForce: flinkconf.Settings{"a": "1"}},
		{name: "FLINK_PROPERTIES are lost where the image's folder isn't Flink's", fields: "env: [{name: FLINK_CONF_DIR, value: /etc/flink}, {name: FLINK_PROPERTIES, value: 'a: 1'}]",
			idle: flinkconf.Settings{"a": "1"}, warning: "FLINK_PROPERTIES has no effect"},
		{name: "FLINK_PROPERTIES are lost next to a mounted file", image: "flink:2.3.0", fields: folder + "env: [{name: FLINK_PROPERTIES, value: 'a: 1'}]", volumes: confVolume,
			data: map[string]string{"config.yaml": "b: 1"}, inForce: flinkconf.Settings{"b": "1"}, idle: flinkconf.Settings{"a": "1"}, warning: "FLINK_PROPERTIES has no effect"},
		{name: "FLINK_PROPERTIES are not lost next to a mounted logging configuration", fields: "env: [{name: FLINK_PROPERTIES, value: 'a: 1'}]\nvolumeMounts: [{name: conf, mountPath: /opt/flink/conf/log4j.properties, subPath: x}]",
			volumes: confVolume, inForce: flinkconf.Settings{"a": "1"}},
		{name: "1.18 and older don't read FLINK_PROPERTIES without a blank", image: "flink:1.17.2", fields: "env: [{name: FLINK_PROPERTIES, value: \"a:1\\nb: 1\"}]",
			inForce: flinkconf.Settings{"b": "1"}, idle: flinkconf.Settings{"a": "1"}},
		{name: "1.19 and later do", image: "flink:1.20.1", fields: "env: [{name: FLINK_PROPERTIES, value: \"a:1\\nb: 1\"}]",
			inForce: flinkconf.Settings{"a": "1", "b": "1"}},
		{name: "the image's own variables come first", fields: "env: [{name: TASK_MANAGER_NUMBER_OF_TASK_SLOTS, value: '4'}, {name: JOB_MANAGER_RPC_ADDRESS, value: jm}, {name: FLINK_PROPERTIES, value: 'taskmanager.numberOfTaskSlots: 2'}]",
			inForce: flinkconf.Settings{"taskmanager.numberOfTaskSlots": "2", "jobmanager.rpc.address": "jm"}},
		{name: "FLINK_PROPERTIES by key", fields: "env: [{name: FLINK_PROPERTIES, valueFrom: {configMapKeyRef: {name: conf, key: k}}}]", data: map[string]string{"k": "a: 1"},
			inForce: flinkconf.Settings{"a": "1"}},
		{name: "FLINK_PROPERTIES by a key that isn't there", fields: "env: [{name: FLINK_PROPERTIES, valueFrom: {configMapKeyRef: {name: conf, key: k}}}]", data: map[string]string{},
			unseen: "ConfigMap conf has no k yet"},
		{name: "FLINK_PROPERTIES by an optional key that isn't there", fields: "env: [{name: FLINK_PROPERTIES, valueFrom: {configMapKeyRef: {name: conf, key: k, optional: true}}}]", data: map[string]string{}},
		{name: "FLINK_PROPERTIES in env win over those of envFrom", fields: "envFrom: [{configMapRef: {name: conf}}]\nenv: [{name: FLINK_PROPERTIES, value: 'a: 1'}]",
			data: map[string]string{"FLINK_PROPERTIES": "a: 2\nb: 2"}, inForce: flinkconf.Settings{"a": "1"}},
		{name: "an unread envFrom may override one before it", fields: "envFrom: [{configMapRef: {name: conf}}, {secretRef: {name: s}}]", data: map[string]string{"FLINK_PROPERTIES": "a: 1"},
			unseen: "Secret s can't be read: it was not asked for. Or set FLINK_PROPERTIES and FLINK_CONF_DIR in env, which wins"},
		{name: "an unread envFrom is overridden by one after it, but for the folder", fields: "envFrom: [{secretRef: {name: s}}, {configMapRef: {name: conf}}]", data: map[string]string{"FLINK_PROPERTIES": "a: 1", "FLINK_CONF_DIR": "/opt/flink/conf"},
			inForce: flinkconf.Settings{"a": "1"}},
		{name: "an envFrom that can't decide", fields: "envFrom: [{secretRef: {name: s}}]\nenv: [{name: FLINK_PROPERTIES}, {name: FLINK_CONF_DIR, value: /opt/flink/conf}]"},
		{name: "FLINK_PROPERTIES that only the running pod knows", fields: "env: [{name: FLINK_PROPERTIES, valueFrom: {fieldRef: {fieldPath: metadata.annotations}}}]",
			unseen: "its value is known only when the pod runs"},
		{name: "variables in arguments", fields: "env: [{name: X, value: '5'}, {name: V, value: '$(X)0'}]", args: []string{"-Da=$(V)", "-Db=$(Z)", "-Dc=$$(X)", "-Dd=$("},
			inForce: flinkconf.Settings{"a": "50", "b": "$(Z)", "c": "$(X)", "d": "$("}},
		{name: "variables of envFrom are known to arguments, not to other variables", fields: "envFrom: [{configMapRef: {name: conf}}]\nenv: [{name: V, value: '$(X)'}]", args: []string{"-Da=$(X)", "-Db=$(V)"},
			data: map[string]string{"X": "5"}, inForce: flinkconf.Settings{"a": "5", "b": "$(X)"}},
		{name: "a variable that is an argument", fields: "env: [{name: X, value: '-Da=1'}]", args: []string{"$(X)"}, inForce: flinkconf.Settings{"a": "1"}},
		{name: "a variable that may be an argument", fields: "env: [{name: X, valueFrom: {secretKeyRef: {name: s, key: k}}}]", args: []string{"-Da=1", "$(X)"},
			idle: flinkconf.Settings{"a": "1"}, unseen: "the argument $(X) can't be read"},
		{name: "a word for the program that looks like a variable", args: []string{"-Da=1", "$(X)"}, inForce: flinkconf.Settings{"a": "1"}},
		{name: "a volume of neither kind", fields: folder, volumes: "[{name: conf, emptyDir: {}}]", args: []string{"-Da=1"}, inForce: flinkconf.Settings{"a": "1"}, unseen: "neither of a ConfigMap nor of a Secret"},
		{name: "a volume that isn't there", fields: folder, unseen: "no volume conf"},
		{name: "a path with a variable", fields: "volumeMounts: [{name: conf, mountPath: /opt/flink/conf, subPathExpr: $(X)}]", volumes: confVolume, unseen: "subPathExpr"},
		{name: "a file that Flink can't read", image: "flink:2.3.0", fields: folder, volumes: confVolume, data: map[string]string{"config.yaml": "a: 1\na: 2"}, unseen: "Flink can't read config.yaml of ConfigMap conf: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := containerPod(t, "image: "+c.image+"\n"+c.fields, c.volumes, append([]string{"taskmanager"}, c.args...)...)
			if c.image == "" {
				pod.Spec.Containers[0].Image = "registry.example/orders:7"
			}
			subject, _, ok := examine(pod, Facts{Objects: Objects{conf: {Data: c.data}}})
			if !ok {
				t.Fatal("not found to run Flink")
			}
			own := subject.own
			idle := maps.Clone(own.said)
			for key := range own.inForce {
				delete(idle, key)
			}
			if !maps.Equal(own.inForce, c.inForce) || !maps.Equal(idle, c.idle) {
				t.Errorf("in force %v, besides %v, want %v and %v", own.inForce, idle, c.inForce, c.idle)
			}
			checkPart(t, "unseen", own.unseen, c.unseen)
			checkPart(t, "warnings", own.warnings, c.warning)
		})
	}
}

// checkPart wants one text with part in it, or none where part is empty.
func checkPart(t *testing.T, what string, texts []string, part string) {
	t.Helper()
	if text := strings.Join(texts, "\n"); len(texts) > 1 || (text == "") != (part == "") || !strings.Contains(text, part) {
		t.Errorf("%s %q, want %q", what, texts, part)
	}
}

func TestReferences(t *testing.T) {
	pod := containerPod(t, folder+`
envFrom: [{secretRef: {name: z}}, {configMapRef: {name: a}}]
env:
- {name: S3_KEY, valueFrom: {secretKeyRef: {name: keys, key: k}}}
- {name: FLINK_PROPERTIES, valueFrom: {secretKeyRef: {name: properties, key: k}}}`,
		"[{name: conf, projected: {sources: [{configMap: {name: a}}, {secret: {name: b, items: [{key: k, path: log4j.properties}]}}, {secret: {name: c}}]}}, {name: other, configMap: {name: other}}]",
		"taskmanager")
	want := []ObjectKey{{KindConfigMap, "a"}, {KindSecret, "c"}, {KindSecret, "properties"}, {KindSecret, "z"}}
	if got := References(pod); !slices.Equal(got, want) {
		t.Errorf("References = %v, want %v", got, want)
	}
	pod.Spec.Containers[0].Args = []string{"history-server"}
	if got := References(pod); got != nil {
		t.Errorf("References of a pod that is left alone = %v", got)
	}
}

// What can't be seen is not overridden, and the pod's author is told what to do.
func TestUnseenSettings(t *testing.T) {
	conf := ObjectKey{KindConfigMap, "conf"}
	for _, c := range []struct {
		name    string
		role    Role
		object  Object
		want    []string
		warning string
	}{
		{"a job's JobManager gets the mode that has no other", StandaloneJob, Object{Err: errors.New("not allowed: do this")}, []string{"scheduler-mode=reactive"}, "ConfigMap conf can't be read: not allowed: do this. Only"},
		{"a TaskManager gets nothing", TaskManager, Object{Err: errors.New("not allowed: do this")}, nil, "do this"},
		{"a session's JobManager gets nothing", JobManager, Object{Err: errors.New("not allowed: do this")}, nil, "do this"},
		{"an object that isn't there yet", TaskManager, Object{Missing: true}, nil, "ConfigMap conf isn't there yet: create it before the pod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			facts := builtIn()
			facts.Objects = Objects{conf: c.object}
			_, report := Mutate(containerPod(t, folder, confVolume, string(c.role)), facts)
			if !slices.Equal(report.Injected, c.want) {
				t.Errorf("injected %v, want %v", report.Injected, c.want)
			}
			checkPart(t, "warnings", report.Warnings, c.warning)
		})
	}
}

// The interval of a file that Flink may not read is left with Flink's default for the timeout: one of ours could be below Flink's
// default for the interval.
func TestHeartbeatsNextToSettingsThatMayBeIdle(t *testing.T) {
	for _, c := range []struct {
		name, config string
		want         []string
	}{
		{"an interval", "heartbeat.interval: 1000", nil},
		{"a timeout", "heartbeat.timeout: 4000", []string{"heartbeat.interval=1000"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			facts := builtIn()
			facts.Objects = Objects{{KindConfigMap, "conf"}: {Data: map[string]string{"flink-conf.yaml": c.config, "config.yaml": ""}}}
			_, report := Mutate(containerPod(t, folder, confVolume, "taskmanager"), facts)
			if !slices.Equal(report.Injected, c.want) {
				t.Errorf("injected %v, want %v", report.Injected, c.want)
			}
		})
	}
}
