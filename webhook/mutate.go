// Package webhook gives Flink pods what reactive mode needs at their admission: the reactive scheduler, short heartbeats and
// checkpoint defaults, each only where the pod doesn't set it itself.
package webhook

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

const (
	// LabelInject, on a pod or its namespace, asks for injection with the value "enabled". The webhook configuration selects by it.
	// "disabled" on a pod wins.
	LabelInject = "flink-hpa.dev/inject"
	// AnnotationInjected lists what was injected into a pod: `key=value`, sorted, joined by commas.
	AnnotationInjected = "flink-hpa.dev/injected"
)

// Report says what Mutate did and why.
type Report struct {
	Role     Role     // empty when the pod was left alone
	Injected []string // `key=value`, in the order of the arguments
	Reason   string   // why nothing was injected, else empty
	Warnings []string // for the pod's author
}

// Mutate returns pod with the defaults of its role injected, as pairs of `-D` and `key=value` straight after the command word: what
// the pod says later wins. It neither changes pod nor looks at anything else, and applied to its own result it changes nothing.
// With nothing to inject the result is pod itself.
func Mutate(pod *corev1.Pod) (*corev1.Pod, Report) {
	if pod.Labels[LabelInject] == "disabled" {
		return pod, Report{Reason: "its label " + LabelInject + " is disabled"}
	}
	changed := pod.DeepCopy()
	containers := flinkContainers(changed)
	switch len(containers) {
	case 1:
	case 0:
		return pod, Report{Reason: "no container runs standalone-job, taskmanager or jobmanager"}
	default:
		return pod, Report{Reason: "several containers run Flink", Warnings: []string{"several containers run Flink: nothing is injected"}}
	}
	container := containers[0]
	options, at := container.options()
	properties, warnings := defaults(container.role, ownSettings(container, options))
	report := Report{Role: container.role, Warnings: warnings}
	if len(properties) == 0 {
		report.Reason = "nothing is left to inject"
		return pod, report
	}
	var words []string
	for _, p := range properties {
		words = append(words, "-D", p.String())
		report.Injected = append(report.Injected, p.String())
	}
	container.insert(words, at)
	annotate(changed, report.Injected)
	return changed, report
}

// ownSettings is what the container sets: its FLINK_PROPERTIES, and its arguments, which win.
func ownSettings(container flinkContainer, options []string) flinkconf.Settings {
	settings := flinkconf.Settings{}
	for _, env := range container.Env {
		if env.Name == "FLINK_PROPERTIES" {
			settings = flinkconf.ParseProperties(env.Value)
		}
	}
	maps.Copy(settings, flinkconf.ParseArgs(options))
	return settings
}

// annotate adds injected to what an earlier pass over the pod has listed.
func annotate(pod *corev1.Pod, injected []string) {
	all := slices.Clone(injected)
	if before := pod.Annotations[AnnotationInjected]; before != "" {
		all = append(all, strings.Split(before, ",")...)
	}
	slices.Sort(all)
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[AnnotationInjected] = strings.Join(slices.Compact(all), ",")
}
