package server

import (
	"slices"

	"github.com/flink-hpa/flink-hpa/adapter/advice"
	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
)

// newAdviser advises memory by what is collected, where this replica leads.
func (s *sources) newAdviser(in place) *advice.Adviser {
	return advice.New(advice.Options{
		Dynamic: in.dynamic, Client: in.client, Resources: in.client.Discovery().ServerResourcesForGroupVersionWithContext, Namespaces: in.namespaces,
		Workloads: s.workloads, Pods: s.taskManagers.Of, Leads: in.leads, Told: s.audit.Memory, Clock: in.clock,
	})
}

// workloads are those that HPAs scale by the desired number of that Flink cluster, each once.
func (s *sources) workloads(cluster flink.Cluster) []taskmanagers.Workload {
	var all []taskmanagers.Workload
	for _, hpa := range s.scaling(cluster) {
		target := hpa.Spec.ScaleTargetRef
		workload := taskmanagers.Workload{Namespace: hpa.Namespace, Kind: target.Kind, Name: target.Name}
		if !slices.Contains(all, workload) {
			all = append(all, workload)
		}
	}
	return all
}
