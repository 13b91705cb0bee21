package server

import (
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/rules"
)

// rules evaluates ScalingRules by what is collected, where this replica leads, and has what they say served.
func (o *Options) rules(client kubernetes.Interface, dynamic dynamic.Interface, sources *sources, leads func() bool) *rules.Rules {
	all := rules.New(rules.Options{
		Dynamic: dynamic, Resources: client.Discovery().ServerResourcesForGroupVersionWithContext, Namespaces: o.Namespaces,
		Serves: sources.provider.Serves, Peek: sources.provider.Peek, Leads: leads, Changed: sources.audit.RuleChanged, Clock: clock.RealClock{},
	})
	sources.provider.SetRules(all)
	sources.scaled.rules = all.Jobs
	return all
}
