// Package node is a Kubernetes node whose pods are local processes. It does what a kubelet and a kube-proxy do, as far as
// an autoscaled Flink job and its surroundings need it, without containers and without root: each pod has a loopback
// address of its own, its volumes are folders, and an image is a program of this machine that stands in for it.
package node

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	listersv1 "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
)

// Options say what a node is like.
type Options struct {
	Name     string              // of the Node object
	Network  string              // first two numbers of the loopback addresses that are its own: "127.42"
	HostIP   string              // the node's own address
	Dir      string              // folder for volumes and the like; the node removes what it made when a pod is gone
	Logs     string              // folder of the logs, as NAMESPACE/POD/CONTAINER.log; they stay
	Server   string              // URL of the API server, for the pods' KUBECONFIG
	Capacity corev1.ResourceList // what the scheduler may hand out
	Images   Images
	Env      map[string]string // given to every container
	Backoff  time.Duration     // before the second restart of a container; doubles from there
}

// Node runs the pods that are bound to it. Make one with New.
type Node struct {
	opts      Options
	client    kubernetes.Interface
	events    record.EventRecorder
	addresses *addresses
	pods      listersv1.PodLister
	services  listersv1.ServiceLister
	changed   chan struct{} // a pod or Service changed: the proxy looks again

	mu      sync.Mutex
	workers map[types.UID]*worker
	running sync.WaitGroup
}

// New makes a node; nothing is started or registered before Run.
func New(client kubernetes.Interface, opts Options) *Node {
	return &Node{
		opts:      opts,
		client:    client,
		addresses: newAddresses(opts.Network),
		changed:   make(chan struct{}, 1),
		workers:   map[types.UID]*worker{},
	}
}

// Run registers the node, runs its pods and proxies Services until ctx ends; then it ends every process it started and
// returns. It returns early with an error when the node can't be registered. ready is called once, when pods can run.
func (n *Node) Run(ctx context.Context, ready func()) error {
	// Pods still have something to say while they end.
	broadcaster := record.NewBroadcaster(record.WithContext(context.WithoutCancel(ctx)))
	defer broadcaster.Shutdown()
	n.events = broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: n.opts.Name})
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: n.client.CoreV1().Events("")})

	if err := n.register(ctx); err != nil {
		return fmt.Errorf("register node %s: %w", n.opts.Name, err)
	}
	pods := informers.NewSharedInformerFactoryWithOptions(n.client, 0, informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", n.opts.Name).String()
	}))
	all := informers.NewSharedInformerFactory(n.client, 0)
	n.pods, n.services = pods.Core().V1().Pods().Lister(), all.Core().V1().Services().Lister()
	podsSynced, err := pods.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { n.see(ctx, object) },
		UpdateFunc: func(_, object any) { n.see(ctx, object) },
		DeleteFunc: n.forget,
	})
	if err != nil {
		return fmt.Errorf("watch pods: %w", err)
	}
	servicesSynced, err := all.Core().V1().Services().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { n.poke() },
		UpdateFunc: func(any, any) { n.poke() },
		DeleteFunc: func(any) { n.poke() },
	})
	if err != nil {
		return fmt.Errorf("watch Services: %w", err)
	}
	pods.StartWithContext(ctx)
	all.StartWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), podsSynced.HasSynced, servicesSynced.HasSynced) {
		return ctx.Err()
	}
	n.running.Go(func() { n.keepAlive(ctx) })
	n.running.Go(func() { n.proxy(ctx) })
	ready()
	<-ctx.Done()
	n.running.Wait()
	return nil
}

// see starts a worker for a new pod, and tells the worker of one that shall end.
func (n *Node) see(ctx context.Context, object any) {
	pod := object.(*corev1.Pod)
	n.poke()
	n.mu.Lock()
	defer n.mu.Unlock()
	w, known := n.workers[pod.UID]
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	switch {
	case !known && ended && pod.DeletionTimestamp == nil, ctx.Err() != nil:
		return
	case !known:
		w = newWorker(n, pod)
		n.workers[pod.UID] = w
		n.running.Go(func() { w.run(ctx) })
	}
	if pod.DeletionTimestamp != nil {
		grace := int64(corev1.DefaultTerminationGracePeriodSeconds)
		if pod.DeletionGracePeriodSeconds != nil {
			grace = *pod.DeletionGracePeriodSeconds
		}
		w.end(time.Duration(grace) * time.Second)
	}
}

// forget ends a pod whose object is gone, such as one deleted by force.
func (n *Node) forget(object any) {
	if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = tombstone.Obj
	}
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return
	}
	n.poke()
	n.mu.Lock()
	defer n.mu.Unlock()
	if w, known := n.workers[pod.UID]; known {
		delete(n.workers, pod.UID)
		w.end(0)
	}
}

// poke makes the proxy look at pods and Services again, soon.
func (n *Node) poke() {
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

func (n *Node) podDir(pod *corev1.Pod) string {
	return filepath.Join(n.opts.Dir, "pods", string(pod.UID))
}

func (n *Node) logFile(pod *corev1.Pod, container string) string {
	return filepath.Join(n.opts.Logs, pod.Namespace, pod.Name, container+".log")
}
