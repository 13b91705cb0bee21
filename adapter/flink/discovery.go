package flink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/flink-hpa/flink-hpa/adapter/pods"
	"github.com/flink-hpa/flink-hpa/internal/namespaces"
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
	watches map[string]podWatch // by namespace, or one under metav1.NamespaceAll
}

// podWatch is an informer of JobManager pods, of one namespace or of all.
type podWatch struct {
	factory informers.SharedInformerFactory
	pods    corelisters.PodLister
	indexer cache.Indexer
	synced  cache.InformerSynced
}

// NewDiscovery returns a Discovery that knows nothing until Start, and then the JobManagers of these namespaces; without any, of all.
func NewDiscovery(client kubernetes.Interface, served ...string) *Discovery {
	d := &Discovery{watches: map[string]podWatch{}}
	for _, namespace := range namespaces.Watches(served) {
		d.watches[namespace] = newPodWatch(client, namespace)
	}
	return d
}

func newPodWatch(client kubernetes.Interface, namespace string) podWatch {
	indexers := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc, clusterIndex: indexByCluster}
	factory, informer := pods.Informer(client, namespace, jobManagerLabel, indexers, strip)
	return podWatch{factory: factory, pods: corelisters.NewPodLister(informer.GetIndexer()), indexer: informer.GetIndexer(), synced: informer.HasSynced}
}

// of is the watch that the namespace's pods are in; ok is false for a namespace that nobody watches.
func (d *Discovery) of(namespace string) (w podWatch, ok bool) {
	return namespaces.Watch(d.watches, namespace)
}

// Start watches the pods until ctx ends. It returns at once.
func (d *Discovery) Start(ctx context.Context) {
	for _, w := range d.watches {
		w.factory.StartWithContext(ctx)
	}
}

// shutdown returns when all that Start began has ended.
func (d *Discovery) shutdown() {
	for _, w := range d.watches {
		w.factory.Shutdown()
	}
}

// Synced is nil once the pods have been listed.
func (d *Discovery) Synced() error {
	for _, w := range d.watches {
		if !w.synced() {
			return errNotSynced
		}
	}
	return nil
}

// Find returns the one Flink cluster with a running JobManager whose labels match the selector, in that namespace only.
// None is ErrNotFound; several are an error that names them.
func (d *Discovery) Find(namespace string, selector labels.Selector) (Cluster, error) {
	watch, ok := d.of(namespace)
	switch {
	case !ok:
		return Cluster{}, fmt.Errorf("%w: no pod of namespace %q is read; add it to the adapter's --namespaces", ErrNotFound, namespace)
	case !watch.synced():
		return Cluster{}, errNotSynced
	}
	pods, err := watch.pods.Pods(namespace).List(selector)
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
	watch, ok := d.of(c.Namespace)
	if !ok {
		return nil
	}
	objects, _ := watch.indexer.ByIndex(clusterIndex, pods.Workload(c).Key()) // fails only without the index
	running := make([]*corev1.Pod, 0, len(objects))
	for _, object := range objects {
		if pod := object.(*corev1.Pod); reachable(pod) {
			running = append(running, pod)
		}
	}
	slices.SortFunc(running, func(a, b *corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
	jobManagers := make([]JobManager, len(running))
	for i, pod := range running {
		jobManagers[i] = jobManager(pod)
	}
	return jobManagers
}

// Running tells whether a JobManager that was found is still there.
func (d *Discovery) Running(j JobManager) bool {
	pod, ok := d.pod(j)
	return ok && reachable(pod) && jobManager(pod) == j
}

// Injected is what the webhook injected into the pod of a JobManager that was found, as its annotation says it.
func (d *Discovery) Injected(j JobManager) string {
	pod, ok := d.pod(j)
	if !ok || pod.UID != j.UID {
		return ""
	}
	return pod.Annotations[annotationInjected]
}

func (d *Discovery) pod(j JobManager) (*corev1.Pod, bool) {
	watch, ok := d.of(j.Namespace)
	if !ok {
		return nil, false
	}
	pod, err := watch.pods.Pods(j.Namespace).Get(j.Pod)
	return pod, err == nil
}

func indexByCluster(object any) ([]string, error) {
	return []string{pods.WorkloadOf(object.(*corev1.Pod)).Key()}, nil
}
