package server

import (
	"context"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/provider"
	"github.com/flink-hpa/flink-hpa/adapter/rules"
)

// rulesLease is the Lease by which the replica is found that decides what ScalingRules say.
const rulesLease = "flink-hpa-rules"

// rules evaluates ScalingRules by what the provider knows, and has it serve what they say. elect takes part in the election of the replica
// that decides.
func (o *Options) rules(client kubernetes.Interface, dynamic dynamic.Interface, answers *provider.Provider, instance string) (all *rules.Rules, elect func(context.Context), err error) {
	election, err := rules.NewElection(client, o.Namespace, rulesLease, instance)
	if err != nil {
		return nil, nil, err
	}
	all = rules.New(rules.Options{
		Dynamic: dynamic, Resources: client.Discovery().ServerResourcesForGroupVersionWithContext, Namespaces: o.Namespaces, Serves: answers.Serves, Peek: answers.Peek,
		Leads: election.Leads, Clock: clock.RealClock{},
	})
	answers.SetRules(all)
	return all, election.Run, nil
}
