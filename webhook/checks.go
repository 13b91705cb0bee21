package webhook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// Workload is what makes pods from a template: a Deployment, Job or StatefulSet, or a Pod itself.
type Workload struct {
	Kind, Name string
	Replicas   int32 // 1 for a Pod
}

// Check tells what is wrong with the pods that the template makes, each a sentence with the way out: all that Mutate would warn of,
// and what shows only in the workload and beside the peers, which are pods that the workload didn't make. Peers of other clusters are
// ignored. To check a pod that is there, pass its metadata and spec, and Workload{Kind: "Pod"}.
func Check(template *corev1.PodTemplateSpec, workload Workload, facts Facts, peers []Peer) []string {
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	changed, report := Mutate(pod, facts)
	subject, _, ok := examine(changed, facts)
	if !ok {
		return report.Warnings
	}
	warnings := report.Warnings
	self := subject.peer(pod)
	jobManagers := int(workload.Replicas)
	for _, peer := range peers {
		if peer.Cluster == "" || peer.Cluster != self.Cluster {
			continue
		}
		if self.Role != TaskManager && peer.Role != TaskManager {
			jobManagers++
		}
		for _, warning := range self.disagrees(peer) {
			if !slices.Contains(warnings, warning) {
				warnings = append(warnings, warning)
			}
		}
	}
	if self.Role != TaskManager && jobManagers > 1 && len(subject.own.unseen) == 0 && !subject.highlyAvailable() {
		warnings = append(warnings, "several JobManagers without high availability don't know of each other: have one, or set high-availability")
	}
	return warnings
}

// problems are what is wrong with the pod by itself, once it has properties.
func (s subject) problems(properties []property) []string {
	problems := s.heartbeatProblems()
	if s.container.role == TaskManager {
		return problems
	}
	lookup := func(key string) string {
		value, _ := s.own.said.Lookup(key)
		return strings.ToLower(cmp.Or(value, valueOf(properties, key)))
	}
	if s.container.role == StandaloneJob {
		switch strategy := lookup(flinkconf.RestartStrategy); strategy {
		case "none", "off", "disable":
			problems = append(problems, fmt.Sprintf(
				"restart-strategy is %s, so the job fails for good at the first scale-down: remove it, or set fixed-delay", strategy))
		}
	}
	// An option of 1.16 and older.
	declarative := !s.version.Known() || s.version.Before(flinkconf.Version{Major: 1, Minor: 17})
	rescales := lookup(flinkconf.SchedulerMode) == "reactive" || lookup(flinkconf.Scheduler) == adaptive
	if declarative && rescales && lookup(flinkconf.DeclarativeResources) == "false" {
		problems = append(problems, flinkconf.DeclarativeResources+" is false, and the job can't rescale without it: remove it")
	}
	// To keep state in the JobManager only, or to have no high availability, is a choice where the pod says so.
	inMemory := lookup(flinkconf.CheckpointStorage) == "jobmanager"
	if len(s.own.unseen) > 0 || inMemory {
		return problems
	}
	if s.container.role == StandaloneJob && lookup(flinkconf.CheckpointDirectory) == "" {
		problems = append(problems, "no checkpoint directory is set in the pod. Unless the job or its image has one, "+
			"the state is lost with the JobManager: set state.checkpoints.dir")
	}
	if !s.own.says(flinkconf.HighAvailability) {
		problems = append(problems, "no high availability is set in the pod. Unless its image has it, "+
			"a new JobManager starts without the state or jobs of the one before: set high-availability")
	}
	return problems
}

// heartbeatProblems are values of the pod's own with which Flink doesn't start.
func (s subject) heartbeatProblems() []string {
	var problems []string
	ms := map[string]int64{}
	for _, key := range []string{flinkconf.HeartbeatTimeout, flinkconf.HeartbeatInterval} {
		value, set := s.own.inForce.Lookup(key)
		if !set {
			continue
		}
		n, err := flinkconf.ParseMillis(value)
		if err != nil {
			continue // perhaps a form that only newer versions know
		}
		ms[key] = n
		// A duration since 1.20, a number before.
		old := s.version.Known() && s.version.Before(flinkconf.Version{Major: 1, Minor: 20})
		if old && strings.Trim(value, "0123456789") != "" {
			problems = append(problems, fmt.Sprintf("Flink %s doesn't start with %s=%.40q: it reads a number of milliseconds, set %d",
				s.version, key, value, n))
		}
	}
	timeout, hasTimeout := ms[flinkconf.HeartbeatTimeout]
	interval, hasInterval := ms[flinkconf.HeartbeatInterval]
	if hasTimeout && hasInterval && timeout < interval {
		problems = append(problems, "heartbeat.timeout is below heartbeat.interval, so Flink doesn't start: set at least twice the interval")
	}
	return problems
}

func (s subject) highlyAvailable() bool {
	value, set := s.own.said.Lookup(flinkconf.HighAvailability)
	return set && !strings.EqualFold(value, "none")
}
