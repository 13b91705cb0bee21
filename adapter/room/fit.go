package room

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
)

// Quota is what a ResourceQuota leaves of what TaskManagers use.
type Quota struct {
	Name string
	Left map[corev1.ResourceName]float64 // pods, CPUs, bytes; what it doesn't limit is absent
}

// counted are the resources of a quota that TaskManagers use, and how much of each one pod does, in their order in a reason.
func counted() []counting {
	pod := func(taskmanagers.Pod) float64 { return 1 }
	requestedCPU := func(p taskmanagers.Pod) float64 { return float64(p.Requests.MilliCPU) / 1000 }
	requestedMemory := func(p taskmanagers.Pod) float64 { return float64(p.Requests.Memory) }
	return []counting{
		{corev1.ResourcePods, pod},
		{"count/pods", pod},
		{corev1.ResourceRequestsCPU, requestedCPU},
		{corev1.ResourceCPU, requestedCPU},
		{corev1.ResourceRequestsMemory, requestedMemory},
		{corev1.ResourceMemory, requestedMemory},
		{corev1.ResourceLimitsCPU, func(p taskmanagers.Pod) float64 { return float64(p.Limits.MilliCPU) / 1000 }},
		{corev1.ResourceLimitsMemory, func(p taskmanagers.Pod) float64 { return float64(p.Limits.Memory) }},
	}
}

type counting struct {
	name corev1.ResourceName
	each func(taskmanagers.Pod) float64
}

// quotaOf is what the status says, which is what the API server admits pods by: the spec may be newer.
func quotaOf(q *corev1.ResourceQuota) Quota {
	left := map[corev1.ResourceName]float64{}
	for _, c := range counted() {
		if hard, limited := q.Status.Hard[c.name]; limited {
			left[c.name] = number(hard) - number(q.Status.Used[c.name])
		}
	}
	return Quota{q.Name, left}
}

// rounding is what arithmetic may lose of a share: three times a tenth of a CPU fits into 0.3.
const rounding = 1e-12

func number(q resource.Quantity) float64 { return q.AsApproximateFloat64() }

// tightest is the quota, and the resource of it, that has room for the fewest more pods like this one, and for how many; ok is false when none
// limits them. Of those alike it is the first, so that a reason stays.
func tightest(quotas []Quota, like taskmanagers.Pod) (quota string, resource corev1.ResourceName, fit int, ok bool) {
	fewest := math.Inf(1)
	for _, q := range quotas {
		for _, c := range counted() {
			left, limited := q.Left[c.name]
			each := c.each(like)
			if !limited || each <= 0 {
				continue
			}
			if fits := max(math.Floor(left/each*(1+rounding)), 0); fits < fewest {
				quota, resource, fewest = q.Name, c.name, fits
			}
		}
	}
	if math.IsInf(fewest, 1) {
		return "", "", 0, false
	}
	return quota, resource, int(min(fewest, math.MaxInt32)), true
}
