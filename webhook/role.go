package webhook

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Role is what a Flink container runs: the command word of the image's entrypoint.
type Role string

// The roles that are injected into. A session cluster's JobManager is a JobManager.
const (
	StandaloneJob Role = "standalone-job"
	TaskManager   Role = "taskmanager"
	JobManager    Role = "jobmanager"
)

func roles() []Role { return []Role{StandaloneJob, TaskManager, JobManager} }

// entrypoint is the script that the image starts with. A container's command may name it.
const entrypoint = "docker-entrypoint.sh"

// Who made a pod, by the label that Flink and its operator put on it.
const (
	labelType    = "type"
	typeNative   = "flink-native-kubernetes"
	typeOperator = "flink-standalone-kubernetes"
)

// leftAlone says why a pod gets nothing, and what its author should know of that.
type leftAlone struct{ reason, warning string }

// flinkContainerOf finds the one container whose command word is a role; the others are sidecars.
func flinkContainerOf(pod *corev1.Pod) (container flinkContainer, why leftAlone, ok bool) {
	if pod.Labels[LabelInject] == "disabled" {
		return container, leftAlone{reason: "its label " + LabelInject + " is disabled"}, false
	}
	if pod.Labels[labelType] == typeNative {
		return container, native(pod.Labels["component"] == string(JobManager)), false
	}
	found := flinkContainers(pod)
	switch len(found) {
	case 1:
		return found[0], leftAlone{}, true
	case 0:
		for _, c := range pod.Spec.Containers {
			if why, is := scripted(slices.Concat(c.Command, c.Args)); is {
				return container, why, false
			}
		}
		return container, leftAlone{reason: "no container runs standalone-job, taskmanager or jobmanager"}, false
	default:
		return container, leftAlone{
			reason:  "several containers run Flink",
			warning: "several containers run Flink: nothing is injected. Give each a pod of its own",
		}, false
	}
}

// native is the mode in which the JobManager makes the TaskManagers. It is told once, with the JobManager.
func native(jobManager bool) leftAlone {
	why := leftAlone{reason: "Flink's native Kubernetes mode made it"}
	if jobManager {
		why.warning = "Flink's native Kubernetes mode makes its TaskManagers itself, so no HPA can scale them: nothing is injected. Use standalone mode"
	}
	return why
}

// scripted says whether the words start Flink in another way than by the entrypoint's command word.
func scripted(words []string) (why leftAlone, is bool) {
	var role, start bool
	between := func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`;&|(){}", r) }
	for _, token := range strings.FieldsFunc(strings.Join(words, " "), between) {
		switch name := path.Base(token); name {
		case "kubernetes-jobmanager.sh", "kubernetes-taskmanager.sh":
			return native(name == "kubernetes-jobmanager.sh"), true
		case "standalone-job.sh", "jobmanager.sh", "taskmanager.sh":
			role, start = true, true
		case entrypoint:
			start = true
		default:
			role = role || slices.Contains(roles(), Role(token))
		}
	}
	if !role || !start {
		return leftAlone{}, false
	}
	return leftAlone{
		reason:  "a script starts Flink",
		warning: "a script starts Flink: nothing is injected. Start it with args such as [standalone-job, ...] and let the image's entrypoint run",
	}, true
}

// flinkContainer is a container that runs Flink.
type flinkContainer struct {
	*corev1.Container
	role Role
	at   int // of the command word, counted through command and then args
}

func flinkContainers(pod *corev1.Pod) []flinkContainer {
	var found []flinkContainer
	for i := range pod.Spec.Containers {
		container := flinkContainer{Container: &pod.Spec.Containers[i]}
		words := container.words()
		container.at = initWords(words)
		if container.at < len(words) && path.Base(words[container.at]) == entrypoint {
			container.at++
		}
		if container.at < len(words) && slices.Contains(roles(), Role(words[container.at])) {
			container.role = Role(words[container.at])
			found = append(found, container)
		}
	}
	return found
}

// initWords counts the words of a small init process in front, such as `tini -g --`.
func initWords(words []string) int {
	if len(words) == 0 || !slices.Contains([]string{"tini", "dumb-init", "catatonit"}, path.Base(words[0])) {
		return 0
	}
	for i, word := range words[1:] {
		if !strings.HasPrefix(word, "-") {
			return i + 1
		}
		if word == "--" {
			return i + 2
		}
	}
	return len(words)
}

// words is the whole command line.
func (c flinkContainer) words() []string { return slices.Concat(c.Command, c.Args) }

// options are the words after the command word, and after the host and port that jobmanager.sh takes there without
// an option's name. What is put before those two would be taken for the host.
func (c flinkContainer) options() (words []string, at int) {
	words, at = c.words()[c.at+1:], c.at+1
	if c.role != JobManager {
		return words, at
	}
	for range 2 {
		if len(words) > 0 && !strings.HasPrefix(words[0], "-") {
			words, at = words[1:], at+1
		}
	}
	return words, at
}

// insert puts words at that place in the command line: into command when it ends in or after it, else into args.
func (c flinkContainer) insert(words []string, at int) {
	list, i := &c.Args, at-len(c.Command)
	if at < len(c.Command) || i == 0 && c.at < len(c.Command) {
		list, i = &c.Command, at
	}
	*list = slices.Insert(slices.Clone(*list), i, words...)
}
