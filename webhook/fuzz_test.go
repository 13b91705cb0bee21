package webhook

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// checkAnyPod tries what has to hold for any pod: no setting of its own changes, and a second pass changes nothing.
func checkAnyPod(t *testing.T, pod *corev1.Pod, facts Facts) {
	t.Helper()
	before := pod.DeepCopy()
	References(pod)
	after, report := Mutate(pod, facts)
	if diff := cmp.Diff(before, pod); diff != "" {
		t.Errorf("Mutate changed its argument:\n%s", diff)
	}
	again, second := Mutate(after, facts)
	if diff := cmp.Diff(after, again); diff != "" || len(second.Injected) > 0 {
		t.Errorf("a second pass injects %v:\n%s", second.Injected, diff)
	}
	if (len(report.Injected) == 0) == (report.Reason == "") {
		t.Errorf("injected %v, and the reason is %q", report.Injected, report.Reason)
	}
	own, _, ok := examine(pod, facts)
	if !ok {
		return
	}
	changed, _, _ := examine(after, facts)
	for key, value := range own.own.inForce {
		if got := changed.own.inForce[key]; got != value {
			t.Errorf("%s is %q where the pod sets %q", key, got, value)
		}
	}
	// Whether Flink reads all that the pod says or only what it surely does: a pod that starts by itself still starts.
	if starts(own.own.inForce) && !starts(changed.own.inForce) || starts(own.own.said) && !starts(changed.own.said) {
		t.Errorf("%v stops a pod that says %v, of which %v is in force", report.Injected, own.own.said, own.own.inForce)
	}
	for _, injected := range report.Injected {
		if key, _, _ := strings.Cut(injected, "="); own.own.says(key) {
			t.Errorf("injected %s, which the pod sets", injected)
		}
	}
	Check(&corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}, Workload{Replicas: 2}, facts, []Peer{changed.peer(after)})
}

// starts says whether Flink starts with these heartbeats, or its defaults.
func starts(settings flinkconf.Settings) bool {
	ms := func(key, byDefault string) int64 {
		value, set := settings.Lookup(key)
		if !set {
			value = byDefault
		}
		n, err := flinkconf.ParseMillis(value)
		if err != nil {
			return -1
		}
		return n
	}
	timeout, interval := ms(flinkconf.HeartbeatTimeout, "50000"), ms(flinkconf.HeartbeatInterval, "10000")
	return timeout >= interval && interval > 0
}

// Any pod that the API server could show us, and some that it couldn't.
func FuzzMutate(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		for kind, document := range documents(f, file) {
			if kind == "Pod" {
				f.Add(string(document))
			}
		}
	}
	f.Fuzz(func(t *testing.T, document string) {
		var pod corev1.Pod
		if yaml.Unmarshal([]byte(document), &pod) != nil {
			t.Skip()
		}
		facts := builtIn()
		facts.Objects = Objects{}
		for i, key := range References(&pod) {
			facts.Objects[key] = Object{Data: map[string]string{"flink-conf.yaml": "heartbeat.timeout: 1", "config.yaml": "a: b"}, Missing: i%2 == 1}
		}
		checkAnyPod(t, &pod, facts)
	})
}

// Any settings, from all places at once.
func FuzzSettings(f *testing.F) {
	f.Add("standalone-job", "-Dheartbeat.timeout=1\n--job-classname\nx", "heartbeat.interval: 1", "a: b", "a: {b: c}", "flink:1.17.2", true)
	f.Add("jobmanager", "host\n8081\n-D\nheartbeat.interval\n99999999999", "", "", "restart-strategy: {type: none}", "flink:2.3.0", true)
	f.Add("taskmanager", "$(X)", "heartbeat.timeout: $(X)", "heartbeat.interval: 8 s", "", "flink", false)
	f.Add("standalone-job", "-D", "execution.checkpointing.interval-during-backlog: 1", "restart-strategy: failurerate", "[", "orders:7", false)
	f.Fuzz(func(t *testing.T, role, words, properties, legacy, standard, image string, folder bool) {
		pod := flinkPod(properties, append([]string{role}, strings.Split(words, "\n")...)...)
		container := &pod.Spec.Containers[0]
		container.Image = image
		container.Env = append(container.Env, corev1.EnvVar{Name: "X", Value: properties})
		container.VolumeMounts = []corev1.VolumeMount{{Name: "conf", MountPath: "/opt/flink/conf"}}
		if !folder {
			container.VolumeMounts[0].MountPath, container.VolumeMounts[0].SubPath = "/opt/flink/conf/config.yaml", "config.yaml"
		}
		pod.Spec.Volumes = []corev1.Volume{{Name: "conf"}}
		pod.Spec.Volumes[0].ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "conf"}}
		facts := builtIn()
		facts.Objects = Objects{{KindConfigMap, "conf"}: {Data: map[string]string{"flink-conf.yaml": legacy, "config.yaml": standard}}}
		checkAnyPod(t, pod, facts)
	})
}

// Pods put together from what people write, and what they get wrong.
func TestPodsPutTogether(t *testing.T) {
	for seed := range uint64(1500) {
		checkPodOf(t, seed)
	}
}

func FuzzPodsPutTogether(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(checkPodOf)
}

func checkPodOf(t *testing.T, seed uint64) {
	pod, facts := podOf(rand.New(rand.NewPCG(seed, 0)))
	checkAnyPod(t, pod, facts)
	if t.Failed() {
		t.Fatalf("that was the pod of seed %d", seed)
	}
}

func podOf(random *rand.Rand) (*corev1.Pod, Facts) {
	one := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	setting := func() (key, value string) {
		option := flinkconf.Options()[random.IntN(len(flinkconf.Options()))]
		keys := append(flinkconf.Names(option.Key), flinkconf.HeartbeatTimeout, flinkconf.HeartbeatInterval, flinkconf.CheckpointBacklogInterval,
			flinkconf.ScalingIntervalMax, flinkconf.Scheduler, flinkconf.MaxParallelism, flinkconf.JobManagerAddress)
		return one(keys...), one("1", "2000", "8 s", "60000", "reactive", "adaptive", "fixed-delay", "exponentialdelay", "none", "", "$(X)", "${X}", "9223372036854775807", "a: b", "-D")
	}
	lines := func() string {
		var text strings.Builder
		for range random.IntN(4) {
			key, value := setting()
			fmt.Fprintf(&text, "%s: %s\n", key, value)
		}
		return text.String()
	}
	words := []string{one("standalone-job", "taskmanager", "jobmanager")}
	for range random.IntN(4) {
		key, value := setting()
		words = append(words, one("-D"+key+"="+value, "-D", key+"="+value, "host", "$(X)", "$(FIELD)", "--job-classname", "--", "-c"))
	}
	pod := flinkPod(lines(), words...)
	container := &pod.Spec.Containers[0]
	if random.IntN(2) == 0 {
		container.Command, container.Args = append([]string{"/docker-entrypoint.sh"}, words[:1]...), words[1:]
	}
	container.Image = one("flink:1.13.6", "flink:1.17.2", "flink:1.19", "flink:1.20.1", "flink:2.3.0", "orders:7")
	container.Env = append(container.Env, corev1.EnvVar{Name: "X", Value: one("-Da=b", "5", "$(X)")},
		corev1.EnvVar{Name: "FIELD", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}})
	if random.IntN(8) == 0 {
		container.Env = append(container.Env, corev1.EnvVar{Name: "FLINK_CONF_DIR", Value: one("/conf", "/opt/flink/conf/", "$(FIELD)")})
	}
	if random.IntN(3) > 0 {
		container.VolumeMounts = []corev1.VolumeMount{{Name: "conf", MountPath: one("/opt/flink/conf", "/opt/flink/conf", "/opt/flink/conf/config.yaml", "/conf", "/opt"), SubPath: one("", "", "config.yaml")}}
	}
	pod.Spec.Volumes = []corev1.Volume{{Name: "conf"}}
	if random.IntN(8) > 0 {
		pod.Spec.Volumes[0].ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "conf"}}
	}
	pod.Labels = map[string]string{"type": one("", "", "", typeOperator, typeNative)}
	pod.Annotations = map[string]string{AnnotationScheduler: one("reactive", "adaptive", "x"), AnnotationMaxParallelism: one("720", "0"), AnnotationVersion: one("1.17", "2.3.0", "x", "")}
	for _, name := range []string{AnnotationScheduler, AnnotationMaxParallelism, AnnotationVersion} {
		if random.IntN(2) == 0 {
			delete(pod.Annotations, name)
		}
	}
	facts := builtIn()
	data := map[string]string{}
	for _, file := range []string{"flink-conf.yaml", "config.yaml"} {
		if random.IntN(3) > 0 {
			data[file] = lines()
		}
	}
	facts.Objects = Objects{{KindConfigMap, "conf"}: {Data: data}}
	return pod, facts
}
