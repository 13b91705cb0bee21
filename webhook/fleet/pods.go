// Package fleet watches the pods that are to be injected into: those that ask for it by a label of their own, or by their
// namespace's. No other pod of the cluster is read.
package fleet

import (
	"context"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/flink-hpa/flink-hpa/internal/namespaces"
)

// Options of Pods. Label, Keep and Changed are required.
type Options struct {
	// Label asks for injection with the value "enabled", on a pod or its namespace; "disabled" on a pod wins.
	Label string
	// Namespaces are those that are watched; none: all.
	Namespaces []string
	// Except names the namespaces that are left out in spite of a label.
	Except []string
	// Keep tells the pods that matter. Of the others in a labelled namespace only the name is kept.
	Keep func(*corev1.Pod) bool
	// Changed is called with `namespace/name` of a pod that was found, whose labels or annotations changed, or that is gone. It must
	// not wait.
	Changed func(key string)
}

// Pods is the fleet. It is safe for concurrent use.
type Pods struct {
	client kubernetes.Interface
	opts   Options

	mu         sync.RWMutex
	listed     []cache.InformerSynced // whether the namespaces are known; empty before Run
	labelled   []watch                // pods with the label, of each watched namespace or of all
	namespaces map[string]watch       // the other pods of each labelled namespace
}

// watch is an informer of pods.
type watch struct {
	pods   corelisters.PodLister
	synced cache.InformerSynced
	start  func()
	stop   func() // returns when it has ended
}

// New returns a fleet that knows nothing until Run.
func New(client kubernetes.Interface, opts Options) *Pods {
	return &Pods{client: client, opts: opts, namespaces: map[string]watch{}}
}

// Run watches until ctx ends.
func (p *Pods) Run(ctx context.Context) {
	asks := selecting(p.opts.Label + "=enabled")
	var factories []informers.SharedInformerFactory
	var listed []cache.InformerSynced
	var labelled []watch
	for _, namespace := range namespaces.Watches(p.opts.Namespaces) {
		factory := informers.NewSharedInformerFactoryWithOptions(p.client, 0, selectingAs(asks, named(namespace)), informers.WithTransform(nameOnly))
		registration, _ := factory.Core().V1().Namespaces().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{ // fails only once stopped
			AddFunc:    func(object any) { p.open(ctx, object.(*corev1.Namespace).Name) },
			DeleteFunc: func(object any) { p.close(key(object)) },
		})
		factories, listed = append(factories, factory), append(listed, registration.HasSynced)
		labelled = append(labelled, p.watch(ctx, namespace, asks))
	}
	p.mu.Lock()
	p.labelled, p.listed = labelled, listed
	p.mu.Unlock()
	for _, w := range labelled {
		w.start()
	}
	for _, factory := range factories {
		factory.StartWithContext(ctx)
	}

	<-ctx.Done()
	for _, factory := range factories {
		factory.Shutdown() // no namespace is opened any more
	}
	for _, w := range p.watches() {
		w.stop()
	}
}

func (p *Pods) open(ctx context.Context, namespace string) {
	if slices.Contains(p.opts.Except, namespace) {
		return
	}
	w := p.watch(ctx, namespace, selecting(p.opts.Label+" notin (enabled, disabled)"))
	p.mu.Lock()
	p.namespaces[namespace] = w
	p.mu.Unlock()
	w.start()
}

func (p *Pods) close(namespace string) {
	p.mu.Lock()
	w, open := p.namespaces[namespace]
	delete(p.namespaces, namespace)
	p.mu.Unlock()
	if !open {
		return
	}
	w.stop()
	for _, pod := range w.list(namespace) {
		p.opts.Changed(key(pod))
	}
}

// watch is to be started when it is known, so that what it finds first is in the fleet when Changed tells of it.
func (p *Pods) watch(ctx context.Context, namespace string, selector tweak) watch {
	ctx, cancel := context.WithCancel(ctx)
	factory := informers.NewSharedInformerFactoryWithOptions(p.client, 0,
		informers.WithNamespace(namespace), selectingAs(selector), informers.WithTransform(p.strip))
	pods := factory.Core().V1().Pods()
	changed := func(object any) { p.opts.Changed(key(object)) }
	_, _ = pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{ // fails only once stopped
		AddFunc: changed,
		UpdateFunc: func(old, object any) {
			if !same(old.(*corev1.Pod), object.(*corev1.Pod)) {
				changed(object)
			}
		},
		DeleteFunc: changed,
	})
	return watch{
		pods: pods.Lister(), synced: pods.Informer().HasSynced,
		start: func() { factory.StartWithContext(ctx) },
		stop:  func() { cancel(); factory.Shutdown() },
	}
}

// same tells whether nothing has changed of what may change in a pod that runs, and matters here.
func same(a, b *corev1.Pod) bool {
	return a.UID == b.UID && maps.Equal(a.Labels, b.Labels) && maps.Equal(a.Annotations, b.Annotations)
}

// tweak narrows what an informer lists and watches.
type tweak func(*metav1.ListOptions)

func selecting(labels string) tweak {
	return func(options *metav1.ListOptions) { options.LabelSelector = labels }
}

// named selects the one object of that name, which is all that may be read where there is a right to no other; any without a name.
func named(name string) tweak {
	return func(options *metav1.ListOptions) {
		if name != "" {
			options.FieldSelector = "metadata.name=" + name
		}
	}
}

func selectingAs(tweaks ...tweak) informers.SharedInformerOption {
	return informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		for _, tweak := range tweaks {
			tweak(options)
		}
	})
}

// watches are all there are; none before Run.
func (p *Pods) watches() []watch {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.AppendSeq(slices.Clone(p.labelled), maps.Values(p.namespaces))
}

// Synced tells whether all pods of the fleet are known.
func (p *Pods) Synced() bool {
	p.mu.RLock()
	listed := p.listed
	p.mu.RUnlock()
	waiting := func(synced cache.InformerSynced) bool { return !synced() }
	return len(listed) > 0 && !slices.ContainsFunc(listed, waiting) &&
		!slices.ContainsFunc(p.watches(), func(w watch) bool { return waiting(w.synced) })
}

// List returns the pods of the namespace, or of all when it is empty, that run or will. Nobody may change them.
func (p *Pods) List(namespace string) []*corev1.Pod {
	var all []*corev1.Pod
	for _, w := range p.watches() {
		all = append(all, w.list(namespace)...)
	}
	return slices.DeleteFunc(all, func(pod *corev1.Pod) bool { return !p.counts(pod) })
}

// Get returns one of the pods that List does, or nil.
func (p *Pods) Get(key string) *corev1.Pod {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return nil
	}
	for _, w := range p.watches() {
		if pod, err := w.pods.Pods(namespace).Get(name); err == nil && p.counts(pod) {
			return pod
		}
	}
	return nil
}

func (p *Pods) counts(pod *corev1.Pod) bool {
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed || pod.DeletionTimestamp != nil
	return !ended && len(pod.Spec.Containers) > 0 && !slices.Contains(p.opts.Except, pod.Namespace)
}

func (w watch) list(namespace string) []*corev1.Pod {
	pods, _ := w.pods.Pods(namespace).List(labels.Everything()) // from memory: it can't fail
	return pods
}
