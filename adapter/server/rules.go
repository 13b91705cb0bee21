package server

import (
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/provider"
	"github.com/flink-hpa/flink-hpa/adapter/rules"
)

// rules evaluates ScalingRules by what the provider knows, where this replica leads, and has it serve what they say.
func (o *Options) rules(client kubernetes.Interface, dynamic dynamic.Interface, answers *provider.Provider, leads func() bool) *rules.Rules {
	all := rules.New(rules.Options{
		Dynamic: dynamic, Resources: client.Discovery().ServerResourcesForGroupVersionWithContext, Namespaces: o.Namespaces, Serves: answers.Serves, Peek: answers.Peek,
		Leads: leads, Clock: clock.RealClock{},
	})
	answers.SetRules(all)
	return all
}
