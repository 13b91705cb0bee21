// Package room knows how many TaskManagers a workload can be given: whether its pods find nodes, and what the ResourceQuotas of its namespace
// leave. It reads from memory only.
package room

import (
	"fmt"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
)

// Rooms answers for workloads. It is safe for concurrent use.
type Rooms struct {
	// TaskManagers are a workload's, oldest first.
	TaskManagers func(taskmanagers.Workload) []taskmanagers.Pod
	// Quotas are those of a namespace that count its TaskManagers.
	Quotas func(namespace string) []Quota
}

// Of is how many TaskManagers these workloads of one namespace, which are one job's, can have together; nil: as far as is known, any number.
//
// Pods that find no node stay asked for: they are what has a cluster autoscaler add one.
func (r *Rooms) Of(workloads []taskmanagers.Workload) *desired.Room {
	var all []taskmanagers.Pod
	var newest taskmanagers.Pod
	var waiting *desired.Reason
	for _, workload := range workloads {
		for _, pod := range r.TaskManagers(workload) {
			if pod.Unschedulable != "" && waiting == nil {
				waiting = &desired.Reason{Code: desired.HeldByRoom, Text: fmt.Sprintf(
					"TaskManager pods of %s %s find no node, so no more are asked for; kubectl describe pod tells of a Pending one what it lacks", workload.Kind, workload.Name)}
			}
			if !pod.Created.Before(newest.Created) {
				newest = pod
			}
			all = append(all, pod)
		}
	}
	switch {
	case len(all) == 0:
		return nil
	case waiting != nil:
		return &desired.Room{Most: len(all), Reason: *waiting}
	}
	quota, resource, fit, ok := tightest(r.Quotas(newest.Namespace), newest)
	if !ok {
		return nil
	}
	return &desired.Room{Most: len(all) + fit, Reason: desired.Reason{Code: desired.LimitedByQuota, Text: fmt.Sprintf(
		"ResourceQuota %q has no room for more TaskManagers: %s", quota, resource)}}
}
