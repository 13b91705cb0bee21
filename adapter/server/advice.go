package server

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/flink-hpa/flink-hpa/adapter/advice"
	"github.com/flink-hpa/flink-hpa/adapter/flink"
)

// newAdviser advises memory by what is collected, where this replica leads.
func (s *sources) newAdviser(in place) *advice.Adviser {
	told := func(job flink.Cluster, reason, note string, warning bool) {
		s.audit.Memory(func() []*autoscalingv2.HorizontalPodAutoscaler { return s.scaled.hpasOf(job) }, reason, note, warning)
	}
	return advice.New(advice.Options{
		Dynamic: in.dynamic, Client: in.client, Resources: in.client.Discovery().ServerResourcesForGroupVersionWithContext, Namespaces: in.namespaces,
		Workloads: s.scaled.workloadsOf, Pods: s.taskManagers.Of, Leads: in.leads, Told: told, Clock: in.clock,
	})
}
