// Package webhook gives Flink pods what reactive mode needs at their admission: the reactive scheduler, short heartbeats and
// checkpoint defaults, each only where the pod doesn't set it itself.
package webhook

import (
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
	// AnnotationProfile is the hash of the profile that the latest of it came from.
	AnnotationProfile = "flink-hpa.dev/profile"
)

// Report says what Mutate did and why.
type Report struct {
	Role     Role              // empty for a pod that doesn't run Flink, or not in a way that can be changed
	Version  flinkconf.Version // zero when unknown
	Injected []string          // `key=value`, in the order of the arguments
	Reason   string            // why nothing was injected, else empty
	Warnings []string          // for the pod's author: what is wrong and what could not be done, each a sentence with the way out
}

// Mutate returns pod with the defaults of its role injected, as pairs of `-D` and `key=value` straight after the command word: what
// the pod says later wins. It neither changes pod nor looks at anything but facts, and applied to its own result it changes nothing.
// With nothing to inject the result is pod itself.
func Mutate(pod *corev1.Pod, facts Facts) (*corev1.Pod, Report) {
	changed := pod.DeepCopy()
	subject, why, ok := examine(changed, facts)
	if !ok {
		report := Report{Reason: why.reason}
		if why.warning != "" {
			report.Warnings = []string{why.warning}
		}
		return pod, report
	}
	properties, warnings := subject.missing(facts.Profile)
	size, warning := subject.advised(pod, facts.Advice)
	if warning != "" {
		warnings = append(warnings, warning)
	}
	if size != nil {
		properties = append(properties, *size)
	}
	report := Report{Role: subject.container.role, Version: subject.version, Warnings: append(warnings, subject.problems(properties)...)}
	if len(properties) == 0 {
		report.Reason = "nothing is left to inject"
		return pod, report
	}
	var words []string
	for _, p := range properties {
		text := property{flinkconf.NameIn(p.key, subject.version), p.value}.String()
		words = append(words, "-D", text)
		report.Injected = append(report.Injected, text)
	}
	_, at := subject.container.options()
	subject.container.insert(words, at)
	if size != nil {
		subject.resize(facts.Advice.Process)
	}
	annotate(changed, report.Injected, facts.Profile.Hash())
	return changed, report
}

// subject is a pod that runs Flink, and what it says.
type subject struct {
	container flinkContainer
	version   flinkconf.Version
	own       ownSettings
	requests  requests
	operator  bool // Flink's operator made it
}

func examine(pod *corev1.Pod, facts Facts) (s subject, why leftAlone, ok bool) {
	if s.container, why, ok = flinkContainerOf(pod); !ok {
		return s, why, false
	}
	s.requests = readRequests(pod)
	s.version = s.requests.version
	if !s.version.Known() {
		s.version = flinkconf.ImageVersion(s.container.Image)
	}
	s.own = readSettings(pod, s.container, s.version, facts.Objects.reader())
	s.operator = pod.Labels[labelType] == typeOperator
	return s, leftAlone{}, true
}

// annotate adds injected to what an earlier pass over the pod has listed.
func annotate(pod *corev1.Pod, injected []string, profile string) {
	all := slices.Clone(injected)
	if before := pod.Annotations[AnnotationInjected]; before != "" {
		all = append(all, strings.Split(before, ",")...)
	}
	slices.Sort(all)
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[AnnotationInjected] = strings.Join(slices.Compact(all), ",")
	pod.Annotations[AnnotationProfile] = profile
}
