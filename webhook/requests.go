package webhook

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// Annotations by which a pod asks for more than the defaults, or says what can't be seen.
const (
	// AnnotationVersion says which Flink an image of another name has: `1.20` or `2.3.0`.
	AnnotationVersion = "flink-hpa.dev/flink-version"
	// AnnotationMaxParallelism asks for pipeline.max-parallelism, a whole number from 1 to 32768. For new jobs only: Flink doesn't
	// restore state that was written with a smaller one, or was given none.
	AnnotationMaxParallelism = "flink-hpa.dev/max-parallelism"
	// AnnotationScheduler with the value "adaptive" asks for the adaptive scheduler, in place of reactive mode for a standalone-job.
	// It is the only one of the two that a session cluster can have.
	AnnotationScheduler = "flink-hpa.dev/scheduler"
)

// adaptive is the value of AnnotationScheduler and of the option it sets.
const adaptive = "adaptive"

// maxMaxParallelism is Flink's own limit.
const maxMaxParallelism = 1 << 15

// requests are what a pod's annotations ask for.
type requests struct {
	version        flinkconf.Version // zero: none said
	maxParallelism string
	adaptive       bool
	warnings       []string
}

func readRequests(pod *corev1.Pod) requests {
	var r requests
	if text, set := pod.Annotations[AnnotationVersion]; set {
		version, err := flinkconf.ParseVersion(text)
		if err != nil {
			r.refuse(AnnotationVersion, text, "must be a version of Flink, 1.13 to 2.x, such as 1.20 or 2.3.0")
		}
		r.version = version
	}
	if text, set := pod.Annotations[AnnotationMaxParallelism]; set {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n < 1 || n > maxMaxParallelism {
			r.refuse(AnnotationMaxParallelism, text, fmt.Sprintf("must be a whole number from 1 to %d", maxMaxParallelism))
		} else {
			r.maxParallelism = strconv.FormatUint(n, 10)
		}
	}
	if text, set := pod.Annotations[AnnotationScheduler]; set {
		if r.adaptive = text == adaptive; !r.adaptive && text != "reactive" {
			r.refuse(AnnotationScheduler, text, "must be adaptive, or left out for reactive mode")
		}
	}
	return r
}

func (r *requests) refuse(annotation, text, reason string) {
	r.warnings = append(r.warnings, fmt.Sprintf("annotation %s=%.40q is ignored: it %s", annotation, text, reason))
}

// requested is what the pod asks for by annotations and doesn't set. It is injected even next to settings that can't be seen: the pod
// does ask for it.
func (s subject) requested() (properties []property, warnings []string) {
	role, own := s.container.role, s.own
	warnings = slices.Clone(s.requests.warnings)
	ignored := func(annotation, reason string) {
		warnings = append(warnings, fmt.Sprintf("annotation %s is ignored: %s", annotation, reason))
	}
	if s.requests.adaptive && role != TaskManager {
		mode, set := own.said.Lookup(flinkconf.SchedulerMode)
		switch {
		case s.operator:
			ignored(AnnotationScheduler, "Flink's operator made the pod. Set it in the FlinkDeployment")
		case set:
			ignored(AnnotationScheduler, fmt.Sprintf("the pod sets scheduler-mode=%.40q, which wins. Remove that", mode))
		case !own.says(flinkconf.Scheduler):
			properties = append(properties, property{flinkconf.Scheduler, adaptive})
		}
	}
	if s.requests.maxParallelism != "" && role != TaskManager {
		switch {
		case s.operator:
			ignored(AnnotationMaxParallelism, "Flink's operator made the pod. Set it in the FlinkDeployment")
		case role == JobManager:
			ignored(AnnotationMaxParallelism, "the jobs of a session bring their own. Set it where they are submitted")
		case !own.says(flinkconf.MaxParallelism):
			properties = append(properties, property{flinkconf.MaxParallelism, s.requests.maxParallelism})
		}
	}
	return properties, warnings
}
