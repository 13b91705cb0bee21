// Package pods is what the adapter's watches of pods have in common: the informer, and which workload a pod belongs to.
package pods

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// podTemplateHash is the label by which a Deployment tells its ReplicaSets' pods apart.
const podTemplateHash = "pod-template-hash"

// Workload is what pods are made by. It outlives its pods, and with a Deployment its ReplicaSets.
type Workload struct {
	Namespace  string
	Kind, Name string // of the pod itself if it has no controller
}

// String names the workload, for messages.
func (w Workload) String() string { return w.Kind + " " + w.Namespace + "/" + w.Name }

// Key is the workload in an index. Names in Kubernetes have no slash.
func (w Workload) Key() string { return w.Namespace + "/" + w.Kind + "/" + w.Name }

// WorkloadOf is the workload that a pod belongs to. A Deployment's pods belong to ReplicaSets, which a rolling update changes; their
// names are the Deployment's and the hash of the pod's template.
func WorkloadOf(pod *corev1.Pod) Workload {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return Workload{pod.Namespace, "Pod", pod.Name}
	}
	if hash := pod.Labels[podTemplateHash]; owner.Kind == "ReplicaSet" && hash != "" {
		if deployment, ok := strings.CutSuffix(owner.Name, "-"+hash); ok && deployment != "" {
			return Workload{pod.Namespace, "Deployment", deployment}
		}
	}
	return Workload{pod.Namespace, owner.Kind, owner.Name}
}

// Informer watches the pods of a namespace that the selector fits, or with metav1.NamespaceAll of all, each as strip leaves it. It has
// these indexes, and it begins when the factory is started.
func Informer(client kubernetes.Interface, namespace, selector string, indexers cache.Indexers, strip cache.TransformFunc) (informers.SharedInformerFactory, cache.SharedIndexInformer) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(strip))
	informer := factory.InformerFor(&corev1.Pod{}, func(client kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
		return coreinformers.NewFilteredPodInformer(client, namespace, resync, indexers,
			func(options *metav1.ListOptions) { options.LabelSelector = selector })
	})
	return factory, informer
}
