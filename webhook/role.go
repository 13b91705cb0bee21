package webhook

import (
	"path"
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

// entrypoint is the script that the image starts with. A container's command may name it.
const entrypoint = "docker-entrypoint.sh"

// flinkContainer is a container that runs Flink.
type flinkContainer struct {
	*corev1.Container
	role Role
	at   int // of the command word, counted through command and then args
}

// flinkContainers finds the containers of pod whose command word is a role; the others are sidecars.
func flinkContainers(pod *corev1.Pod) []flinkContainer {
	var found []flinkContainer
	for i := range pod.Spec.Containers {
		container := flinkContainer{Container: &pod.Spec.Containers[i]}
		words := container.words()
		if len(words) > 0 && path.Base(words[0]) == entrypoint {
			container.at = 1
		}
		if container.at >= len(words) {
			continue
		}
		switch role := Role(words[container.at]); role {
		case StandaloneJob, TaskManager, JobManager:
			container.role = role
			found = append(found, container)
		}
	}
	return found
}

// words is the whole command line.
func (c flinkContainer) words() []string {
	words := make([]string, 0, len(c.Command)+len(c.Args))
	return append(append(words, c.Command...), c.Args...)
}

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
	changed := make([]string, 0, len(*list)+len(words))
	changed = append(append(changed, (*list)[:i]...), words...)
	*list = append(changed, (*list)[i:]...)
}
