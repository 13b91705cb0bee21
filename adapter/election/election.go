// Package election finds the one replica of the adapter that decides where two would disagree. What is told of consumer groups and jobs doesn't depend on it:
// each replica polls, and answers from its own memory.
package election

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

// How the replica that decides is found: it says that it is there every renewEvery, gives up when it could not for renewWithin, and another one takes
// its place after leaseFor.
const (
	leaseFor    = 30 * time.Second
	renewWithin = 20 * time.Second
	renewEvery  = 5 * time.Second
)

// Election finds the replica that decides, by a Lease. It is safe for concurrent use.
type Election struct {
	elector *leaderelection.LeaderElector
	alone   bool
}

// New takes part as instance, this pod, in the election by that Lease. Two that have the same name, as pods on the node's network may, are two
// all the same. It needs get and update on it, and the Lease has to be there. Without a
// namespace there is no other replica, and nothing to find out.
func New(client kubernetes.Interface, namespace, name, instance string) (*Election, error) {
	if namespace == "" {
		return &Election{alone: true}, nil
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Client: client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: instance + "_" + string(uuid.NewUUID())},
		},
		LeaseDuration: leaseFor, RenewDeadline: renewWithin, RetryPeriod: renewEvery, ReleaseOnCancel: true, Name: name,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				klog.FromContext(ctx).Info("This replica decides what ScalingRules say, and writes Events of changes")
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("election by Lease %s/%s: %w", namespace, name, err)
	}
	return &Election{elector: elector}, nil
}

// Run takes part until ctx ends.
func (e *Election) Run(ctx context.Context) {
	for !e.alone && ctx.Err() == nil {
		e.elector.Run(ctx) // until another one has taken over
	}
}

// Leads tells whether this replica decides.
func (e *Election) Leads() bool { return e.alone || e.elector.IsLeader() }
