package webhook

import (
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// durable is what a job sets so that nothing is wrong with it.
const durable = "high-availability: kubernetes\nstate.checkpoints.dir: s3://bucket/checkpoints\n"

func TestWhatIsWrongWithAPod(t *testing.T) {
	for _, c := range []struct {
		name, image string
		role        Role
		properties  string
		want        []string // a part of each warning
	}{
		{"nothing", "flink:2.3.0", StandaloneJob, durable, nil},
		{"nothing, under new names", "flink:2.3.0", StandaloneJob, "high-availability.type: kubernetes\nexecution.checkpointing.dir: s3://b/c", nil},
		{"no checkpoint directory", "flink:2.3.0", StandaloneJob, "high-availability: kubernetes", []string{"no checkpoint directory is set in the pod"}},
		{"no high availability", "flink:2.3.0", StandaloneJob, "state.checkpoints.dir: s3://b/c", []string{"no high availability is set in the pod"}},
		{"no high availability, on purpose", "flink:2.3.0", StandaloneJob, "state.checkpoints.dir: s3://b/c\nhigh-availability: NONE", nil},
		{"state in the JobManager, on purpose", "flink:2.3.0", StandaloneJob, "execution.checkpointing.storage: jobmanager", nil},
		{"no restarts", "flink:2.3.0", StandaloneJob, durable + "restart-strategy.type: none", []string{"restart-strategy is none, so the job fails for good"}},
		{"no restarts by another word", "flink:1.17.2", StandaloneJob, durable + "restart-strategy: Off", []string{"restart-strategy is off"}},
		{"no declarative resource management", "flink:1.13.6", StandaloneJob, durable + "cluster.declarative-resource-management.enabled: false", []string{"can't rescale without it: remove it"}},
		{"no declarative resource management, which this version doesn't know", "flink:1.17.2", StandaloneJob, durable + "cluster.declarative-resource-management.enabled: false", nil},
		{"no declarative resource management in a session that doesn't rescale", "flink:1.13.6", JobManager, durable + "cluster.declarative-resource-management.enabled: false", nil},
		{"a session without high availability", "flink:2.3.0", JobManager, "a: b", []string{"no high availability is set in the pod"}},
		{"a heartbeat with a unit on an old version", "flink:1.17.2", TaskManager, "heartbeat.timeout: 8 s\nheartbeat.interval: 2000", []string{`Flink 1.17 doesn't start with heartbeat.timeout="8 s": it reads a number of milliseconds, set 8000`}},
		{"a heartbeat with a unit on a new version", "flink:1.20.1", TaskManager, "heartbeat.timeout: 8 s", nil},
		{"heartbeats that don't fit", "flink:2.3.0", TaskManager, "heartbeat.timeout: 2 s\nheartbeat.interval: 2001", []string{"heartbeat.timeout is below heartbeat.interval"}},
		{"a TaskManager has none of it", "flink:2.3.0", TaskManager, "restart-strategy: none", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := flinkPod(c.properties, string(c.role))
			pod.Spec.Containers[0].Image = c.image
			_, report := Mutate(pod, builtIn())
			checkWarnings(t, report.Warnings, c.want)
		})
	}
}

func TestWhatIsWrongBesidesTheOthers(t *testing.T) {
	const cluster = "jobmanager.rpc.address: jm\n"
	peers := func(pods ...*corev1.Pod) []Peer {
		var peers []Peer
		for _, pod := range pods {
			after, _ := Mutate(pod, builtIn())
			peer, ok := PeerOf(after, builtIn())
			if !ok {
				t.Fatal("no peer")
			}
			peers = append(peers, peer)
		}
		return peers
	}
	taskManager := func(properties string) *corev1.Pod { return flinkPod(cluster+properties, "taskmanager") }
	jobManager := func(properties string) *corev1.Pod { return flinkPod(cluster+properties, "standalone-job") }
	labelled := func(pod *corev1.Pod, app string) *corev1.Pod {
		pod.Labels = map[string]string{"app": app}
		return pod
	}
	for _, c := range []struct {
		name     string
		pod      *corev1.Pod
		replicas int32
		peers    []Peer
		want     []string
	}{
		{"none are there", taskManager(""), 3, nil, nil},
		{"all agree", taskManager(""), 3, peers(jobManager(durable), taskManager("")), nil},
		{"all agree, in other words", taskManager("heartbeat.timeout: 8 s\ntaskmanager.numberOfTaskSlots: 1"), 3, peers(jobManager(durable), taskManager("")), nil},
		{"TaskManagers with other slots", taskManager("taskmanager.numberOfTaskSlots: 2"), 3, peers(taskManager(""), taskManager("")), []string{"taskmanager.numberOfTaskSlots is 2 here and 1 in other TaskManagers"}},
		{"slots of the JobManager's file", taskManager("taskmanager.numberOfTaskSlots: 2"), 3, peers(jobManager(durable)), nil},
		{"another heartbeat in the JobManager", taskManager("heartbeat.timeout: 20000"), 3, peers(jobManager(durable)), []string{"heartbeat.timeout is 20000 here and 8000 in the cluster's standalone-job"}},
		{"another heartbeat in the TaskManagers", jobManager(durable + "heartbeat.interval: 1000"), 1, peers(taskManager(""), taskManager("")), []string{"heartbeat.interval is 1000 here and 2000 in the cluster's taskmanager"}},
		{"another cluster has other slots", taskManager("taskmanager.numberOfTaskSlots: 2"), 3, peers(flinkPod("jobmanager.rpc.address: other", "taskmanager")), nil},
		{"an address in full is the same", taskManager("taskmanager.numberOfTaskSlots: 2"), 3, peers(flinkPod("jobmanager.rpc.address: jm.jobs.svc", "taskmanager")), []string{"numberOfTaskSlots"}},
		{"the label, where the address is a pod's own", labelled(flinkPod("jobmanager.rpc.address: 10.0.0.1\nheartbeat.timeout: 9000\n"+durable, "standalone-job"), "orders"), 1,
			peers(labelled(flinkPod("", "taskmanager"), "orders"), labelled(flinkPod("heartbeat.timeout: 7000", "taskmanager"), "other")), []string{"heartbeat.timeout is 9000 here and 8000"}},
		{"pods of which nothing is known", flinkPod("heartbeat.timeout: 9000", "taskmanager"), 1, peers(flinkPod(durable, "standalone-job")), nil},
		{"several JobManagers without high availability", jobManager("high-availability: none\nstate.checkpoints.dir: x"), 2, nil, []string{"several JobManagers without high availability"}},
		{"several JobManagers of several workloads", jobManager("high-availability: none\nstate.checkpoints.dir: x"), 1, peers(jobManager("")), []string{"several JobManagers without high availability"}},
		{"several JobManagers with it", jobManager(durable), 2, peers(jobManager(durable)), nil},
		{"several TaskManagers", taskManager(""), 2, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			template := &corev1.PodTemplateSpec{ObjectMeta: c.pod.ObjectMeta, Spec: c.pod.Spec}
			checkWarnings(t, Check(template, Workload{Kind: "Deployment", Name: "x", Replicas: c.replicas}, builtIn(), c.peers), c.want)
		})
	}
}

func TestCheckLeavesOthersAlone(t *testing.T) {
	optedOut := flinkPod("", "standalone-job")
	optedOut.Labels = map[string]string{LabelInject: "disabled"}
	for name, pod := range map[string]*corev1.Pod{
		"no Flink":  flinkPod("", "nginx"),
		"opted out": optedOut,
	} {
		if warnings := Check(&corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}, Workload{Replicas: 2}, builtIn(), nil); warnings != nil {
			t.Errorf("%s: warnings %q", name, warnings)
		}
	}
}

// What can't be seen of a peer is not compared.
func TestPeersWithUnseenSettings(t *testing.T) {
	pod := containerPod(t, folder, confVolume, "taskmanager", "-Dtaskmanager.numberOfTaskSlots=2")
	peer, ok := PeerOf(pod, Facts{Objects: Objects{{KindConfigMap, "conf"}: {Err: errors.New("not allowed")}}})
	if !ok || len(peer.Settings) != 1 || peer.Settings["taskmanager.numberOfTaskSlots"] != "2" {
		t.Errorf("peer %+v, want its slots only", peer)
	}
	if _, ok := PeerOf(flinkPod("", "nginx"), Facts{}); ok {
		t.Error("nginx is a peer")
	}
}

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name        string
		annotations map[string]string
		role        Role
		properties  string
		want        []string // injected, without the defaults
		without     string   // not injected
		warning     string
	}{
		{"max parallelism", map[string]string{AnnotationMaxParallelism: "720"}, StandaloneJob, durable, []string{"pipeline.max-parallelism=720"}, "", ""},
		{"a max parallelism of the pod's own", map[string]string{AnnotationMaxParallelism: "720"}, StandaloneJob, durable + "pipeline.max-parallelism: 128", nil, "pipeline.max-parallelism", ""},
		{"a max parallelism above Flink's", map[string]string{AnnotationMaxParallelism: "32769"}, StandaloneJob, durable, nil, "pipeline.max-parallelism", `annotation flink-hpa.dev/max-parallelism="32769" is ignored: it must be a whole number from 1 to 32768`},
		{"a max parallelism of none", map[string]string{AnnotationMaxParallelism: "0"}, StandaloneJob, durable, nil, "pipeline.max-parallelism", "whole number"},
		{"a max parallelism for a session", map[string]string{AnnotationMaxParallelism: "720"}, JobManager, durable, nil, "pipeline.max-parallelism", "the jobs of a session bring their own"},
		{"the adaptive scheduler", map[string]string{AnnotationScheduler: "adaptive"}, StandaloneJob, durable, []string{"jobmanager.scheduler=adaptive"}, "scheduler-mode", ""},
		{"the adaptive scheduler of a session", map[string]string{AnnotationScheduler: "adaptive"}, JobManager, durable, []string{"jobmanager.scheduler=adaptive"}, "scheduler-mode", ""},
		{"the adaptive scheduler next to reactive mode", map[string]string{AnnotationScheduler: "adaptive"}, StandaloneJob, durable + "scheduler-mode: reactive", nil, "jobmanager.scheduler=", "is ignored: the pod sets scheduler-mode"},
		{"a TaskManager has no scheduler", map[string]string{AnnotationScheduler: "adaptive", AnnotationMaxParallelism: "720"}, TaskManager, "", []string{"heartbeat.timeout=8000"}, "scheduler", ""},
		{"the default, said", map[string]string{AnnotationScheduler: "reactive"}, StandaloneJob, durable, []string{"scheduler-mode=reactive"}, "jobmanager.scheduler=", ""},
		{"a scheduler that is none", map[string]string{AnnotationScheduler: "default"}, StandaloneJob, durable, []string{"scheduler-mode=reactive"}, "", `flink-hpa.dev/scheduler="default" is ignored: it must be adaptive`},
		{"a version", map[string]string{AnnotationVersion: "1.17.2"}, StandaloneJob, durable, nil, "rescale-trigger", ""},
		{"a version that is none", map[string]string{AnnotationVersion: "latest"}, StandaloneJob, durable, []string{"jobmanager.adaptive-scheduler.rescale-trigger.max-delay=30s"}, "", `flink-hpa.dev/flink-version="latest" is ignored: it must be a version of Flink`},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := flinkPod(c.properties, string(c.role))
			pod.Annotations = c.annotations
			_, report := Mutate(pod, builtIn())
			for _, want := range c.want {
				if !slices.Contains(report.Injected, want) {
					t.Errorf("injected %v, without %s", report.Injected, want)
				}
			}
			if c.without != "" && strings.Contains(strings.Join(report.Injected, " "), c.without) {
				t.Errorf("injected %v, with %s", report.Injected, c.without)
			}
			checkPart(t, "warnings", report.Warnings, c.warning)
		})
	}
}
