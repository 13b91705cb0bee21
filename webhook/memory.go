package webhook

import (
	"fmt"
	"math/big"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// imageProcess is the size of the process in the configuration file of Flink's images.
const imageProcess = 1728 << 20

// otherSizes are options that decide on the memory beside the size of the process, or in its place.
func otherSizes() []string {
	return []string{flinkconf.FlinkSize, flinkconf.TaskHeapSize}
}

// advised is the size of the process that the adapter advises, for a TaskManager that asks for it, or why it can't be given.
func (s subject) advised(pod *corev1.Pod, advice Advice) (size *property, warning string) {
	if s.container.role != TaskManager || !asksForMemory(pod) || wasInjected(pod, flinkconf.ProcessSize) {
		return nil, ""
	}
	ignored := func(format string, args ...any) (*property, string) {
		return nil, fmt.Sprintf("label %s is ignored: %s", LabelMemory, fmt.Sprintf(format, args...))
	}
	arguments, _ := s.container.options()
	own, _ := flinkconf.ParseArgs(arguments)
	switch _, argued := own.Lookup(flinkconf.ProcessSize); {
	case advice.Err != nil:
		return ignored("the MemoryAdvice can't be read: %v", advice.Err)
	case advice.Process == 0:
		return nil, ""
	case s.operator:
		return ignored("Flink's operator made the pod. Set its memory in the FlinkDeployment")
	case len(s.own.unseen) > 0:
		return nil, "" // which is warned of already
	case argued:
		return ignored("the pod's arguments set %s, which wins. Set it in FLINK_PROPERTIES or in a file", flinkconf.ProcessSize)
	}
	for _, key := range otherSizes() {
		if s.own.says(key) {
			return ignored("the pod sets %s. Set %s in its place", key, flinkconf.ProcessSize)
		}
	}
	return &property{flinkconf.ProcessSize, fmt.Sprintf("%dm", advice.Process>>20)}, ""
}

// wasInjected tells whether an earlier pass over the pod has injected the option.
func wasInjected(pod *corev1.Pod, key string) bool {
	for one := range strings.SplitSeq(pod.Annotations[AnnotationInjected], ",") {
		if strings.HasPrefix(one, key+"=") {
			return true
		}
	}
	return false
}

// resize changes what the container asks for, and may use, of the node's memory as much as the size of the process: what its owner leaves beside the
// process stays in proportion.
func (s subject) resize(process int64) {
	before := int64(imageProcess)
	if text, set := s.own.inForce.Lookup(flinkconf.ProcessSize); set {
		size, err := flinkconf.ParseMemory(text)
		if err != nil || size <= 0 {
			return // Flink won't start with it
		}
		before = size
	}
	for _, list := range []corev1.ResourceList{s.container.Resources.Requests, s.container.Resources.Limits} {
		if memory, set := list[corev1.ResourceMemory]; set {
			list[corev1.ResourceMemory] = scaled(memory, process, before)
		}
	}
}

// scaled is a quantity times a by b, in whole MiB, rounded up.
func scaled(q resource.Quantity, a, b int64) resource.Quantity {
	const mib = 1 << 20
	n := new(big.Int).Mul(big.NewInt(q.Value()), big.NewInt(a))
	unit := new(big.Int).Mul(big.NewInt(b), big.NewInt(mib))
	n.Add(n, new(big.Int).Sub(unit, big.NewInt(1))).Quo(n, unit)
	if !n.IsInt64() || n.Int64() > 1<<40 {
		return q
	}
	return *resource.NewQuantity(n.Int64()*mib, resource.BinarySI)
}
