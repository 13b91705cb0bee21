package server

import "github.com/flink-hpa/flink-hpa/adapter/advice"

// newAdviser advises memory by what is collected, where this replica leads.
func (s *sources) newAdviser(in place) *advice.Adviser {
	return advice.New(advice.Options{
		Dynamic: in.dynamic, Client: in.client, Resources: in.client.Discovery().ServerResourcesForGroupVersionWithContext, Namespaces: in.namespaces,
		Workloads: s.scaled.workloadsOf, Pods: s.taskManagers.Of, Leads: in.leads, Told: s.audit.Memory, Clock: in.clock,
	})
}
