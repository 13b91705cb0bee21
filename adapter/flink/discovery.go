package flink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// ErrNotFound is wrapped by every error that says that what was asked for isn't there, as opposed to out of reach.
var ErrNotFound = errors.New("not found")

// errNotSynced is for the moment after the start.
var errNotSynced = errors.New("the list of JobManager pods has not been read from Kubernetes yet")

const (
	// jobManagerLabel is the label that Flink's documentation gives its JobManager pods.
	jobManagerLabel = "component=jobmanager"
	// clusterIndex is the index of the pods by their Flink cluster.
	clusterIndex = "flink-cluster"
	// maxNamed is how many clusters an error names.
	maxNamed = 5
)

// Discovery knows the JobManager pods that there are in Kubernetes. It reads from memory only.
type Discovery struct {
	factory informers.SharedInformerFactory
	pods    corelisters.PodLister
	indexer cache.Indexer
	synced  cache.InformerSynced
}

// NewDiscovery returns a Discovery that knows nothing until Start.
func NewDiscovery(client kubernetes.Interface) *Discovery {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(strip))
	informer := factory.InformerFor(&corev1.Pod{}, func(client kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
		indexers := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc, clusterIndex: indexByCluster}
		return coreinformers.NewFilteredPodInformer(client, metav1.NamespaceAll, resync, indexers,
			func(options *metav1.ListOptions) { options.LabelSelector = jobManagerLabel })
	})
	return &Discovery{factory: factory, pods: corelisters.NewPodLister(informer.GetIndexer()), indexer: informer.GetIndexer(), synced: informer.HasSynced}
}

// Start watches the pods until ctx ends. It returns at once.
func (d *Discovery) Start(ctx context.Context) { d.factory.StartWithContext(ctx) }

// Synced is nil once the pods have been listed.
func (d *Discovery) Synced() error {
	if !d.synced() {
		return errNotSynced
	}
	return nil
}

// Find returns the one Flink cluster with a running JobManager whose labels match the selector, in that namespace only.
// None is ErrNotFound; several are an error that names them.
func (d *Discovery) Find(namespace string, selector labels.Selector) (Cluster, error) {
	if err := d.Synced(); err != nil {
		return Cluster{}, err
	}
	pods, err := d.pods.Pods(namespace).List(selector)
	if err != nil {
		return Cluster{}, err
	}
	var found []Cluster
	for _, pod := range pods {
		if reachable(pod) {
			found = append(found, clusterOf(pod))
		}
	}
	slices.SortFunc(found, func(a, b Cluster) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	switch found = slices.Compact(found); len(found) {
	case 0:
		return Cluster{}, fmt.Errorf("%w: no running pod with the label %s in namespace %q matches the selector %q",
			ErrNotFound, jobManagerLabel, namespace, selector)
	case 1:
		return found[0], nil
	}
	var names []string
	for _, cluster := range found[:min(len(found), maxNamed)] {
		names = append(names, cluster.Kind+" "+cluster.Name)
	}
	if len(found) > maxNamed {
		names = append(names, "and more")
	}
	return Cluster{}, fmt.Errorf("the JobManagers of several Flink clusters in namespace %q match the selector %q: %s; select one cluster by its labels",
		namespace, selector, strings.Join(names, ", "))
}

// JobManagers are the cluster's running JobManagers, oldest first: leader and standbys alike, since each of them answers
// with the leader's jobs. Their metrics are their own, though: stay with the first that answers.
func (d *Discovery) JobManagers(c Cluster) []JobManager {
	objects, _ := d.indexer.ByIndex(clusterIndex, c.key()) // fails only without the index
	pods := make([]*corev1.Pod, 0, len(objects))
	for _, object := range objects {
		if pod := object.(*corev1.Pod); reachable(pod) {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
	jobManagers := make([]JobManager, len(pods))
	for i, pod := range pods {
		jobManagers[i] = jobManager(pod)
	}
	return jobManagers
}

// Running tells whether a JobManager that was found is still there.
func (d *Discovery) Running(j JobManager) bool {
	pod, err := d.pods.Pods(j.Namespace).Get(j.Pod)
	return err == nil && reachable(pod) && jobManager(pod) == j
}

// Injected is what the webhook injected into the pod of a JobManager that was found, as its annotation says it.
func (d *Discovery) Injected(j JobManager) string {
	pod, err := d.pods.Pods(j.Namespace).Get(j.Pod)
	if err != nil || pod.UID != j.UID {
		return ""
	}
	return pod.Annotations[annotationInjected]
}

func indexByCluster(object any) ([]string, error) {
	return []string{clusterOf(object.(*corev1.Pod)).key()}, nil
}
