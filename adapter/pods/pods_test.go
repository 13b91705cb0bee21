package pods

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTheWorkloadOfAPod(t *testing.T) {
	controlled := func(kind, name string) []metav1.OwnerReference {
		return []metav1.OwnerReference{{Kind: "ConfigMap", Name: "other"}, {Kind: kind, Name: name, Controller: new(true)}}
	}
	for _, test := range []struct {
		name   string
		hash   string // of the pod's template
		owners []metav1.OwnerReference
		want   Workload
	}{
		{"a pod without a controller", "", nil, Workload{"shop", "Pod", "orders-0"}},
		{"an owner that is no controller", "", controlled("Job", "orders")[:1], Workload{"shop", "Pod", "orders-0"}},
		{"a StatefulSet", "", controlled("StatefulSet", "orders"), Workload{"shop", "StatefulSet", "orders"}},
		{"a Deployment", "5d9c7", controlled("ReplicaSet", "orders-5d9c7"), Workload{"shop", "Deployment", "orders"}},
		{"a ReplicaSet of its own", "", controlled("ReplicaSet", "orders-5d9c7"), Workload{"shop", "ReplicaSet", "orders-5d9c7"}},
		{"a ReplicaSet that is only a hash", "5d9c7", controlled("ReplicaSet", "-5d9c7"), Workload{"shop", "ReplicaSet", "-5d9c7"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders-0", OwnerReferences: test.owners}}
			if test.hash != "" {
				pod.Labels = map[string]string{"pod-template-hash": test.hash}
			}
			if got := WorkloadOf(pod); got != test.want {
				t.Errorf("it is of %s, want %s", got, test.want)
			}
		})
	}
}
