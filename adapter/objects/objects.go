// Package objects reads the objects of our own API: ScalingRules and MemoryAdvices, which a cluster may know nothing of yet.
package objects

import (
	"context"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/internal/namespaces"
)

const (
	// LookEvery is how often it is looked whether the cluster knows the resource by now.
	LookEvery = time.Minute
	// syncEvery is how often it is looked whether the first list is there.
	syncEvery = 100 * time.Millisecond
)

// Options of a Watch.
type Options struct {
	Dynamic    dynamic.Interface
	Resources  func(ctx context.Context, version string) (*metav1.APIResourceList, error) // of an API group and version, as discovery has them
	Namespaces []string                                                                   // whose objects are read; none: all
	Of         schema.GroupVersionResource
	Named      string // their kind in the plural, for logs: ScalingRules
	Clock      clock.Clock
}

// Watch knows the objects of one resource. List is safe for concurrent use once Start has returned.
type Watch struct {
	opts    Options
	watched []watched
}

// watched is an informer of objects, of one namespace or of all.
type watched struct {
	factory  dynamicinformer.DynamicSharedInformerFactory
	informer cache.SharedIndexInformer
}

// New returns a Watch that knows nothing. It needs list and watch on the resource.
func New(opts Options) *Watch { return &Watch{opts: opts} }

// Defined waits until the cluster knows the resource; false: ctx has ended. absent hears each time that it doesn't.
func (w *Watch) Defined(ctx context.Context, absent func()) bool {
	told := ""
	for {
		resources, err := w.opts.Resources(ctx, w.opts.Of.GroupVersion().String())
		switch {
		case err == nil && has(resources, w.opts.Of.Resource):
			return true
		case err == nil || apierrors.IsNotFound(err):
			absent()
			if told != "absent" {
				klog.FromContext(ctx).Info("The cluster has no definition of them, so there are none; apply manifests/base/crd to have some", "kind", w.opts.Named)
			}
			told = "absent"
		case told != err.Error():
			klog.FromContext(ctx).Error(err, "Not known whether the cluster has a definition of them, will look again", "kind", w.opts.Named, "after", LookEvery)
			told = err.Error()
		}
		if !w.wait(ctx, LookEvery) {
			return false
		}
	}
}

func has(resources *metav1.APIResourceList, name string) bool {
	for _, resource := range resources.APIResources {
		if resource.Name == name {
			return true
		}
	}
	return false
}

// Start starts the informers and waits for what they list first; false: ctx has ended. Shutdown waits for their end.
func (w *Watch) Start(ctx context.Context) bool {
	for _, namespace := range namespaces.Watches(w.opts.Namespaces) {
		factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(w.opts.Dynamic, 0, namespace, nil)
		informer := factory.ForResource(w.opts.Of).Informer()
		_ = informer.SetWatchErrorHandlerWithContext(w.onceEach()) // it fails only once the informer has started
		factory.Start(ctx.Done())
		w.watched = append(w.watched, watched{factory, informer})
	}
	for _, watched := range w.watched {
		for !watched.informer.HasSynced() {
			if !w.wait(ctx, syncEvery) {
				return false
			}
		}
	}
	return true
}

// Shutdown returns when all that Start began has ended, after its context has.
func (w *Watch) Shutdown() {
	for _, watched := range w.watched {
		watched.factory.Shutdown()
	}
}

// List are the objects that there are, in any order. They must not be changed.
func (w *Watch) List() []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, watched := range w.watched {
		for _, object := range watched.informer.GetStore().List() {
			if object, ok := object.(*unstructured.Unstructured); ok {
				all = append(all, object)
			}
		}
	}
	return all
}

// onceEach logs why a list or watch failed, when that is another reason than before: the informer tries again and again, also when the definition
// was removed.
func (w *Watch) onceEach() cache.WatchErrorHandlerWithContext {
	var told atomic.Value
	return func(ctx context.Context, _ *cache.Reflector, err error) {
		if apierrors.IsResourceExpired(err) || told.Swap(err.Error()) == err.Error() {
			return
		}
		klog.FromContext(ctx).Error(err, "They can't be read, will try again", "kind", w.opts.Named)
	}
}

// wait waits; false: ctx has ended.
func (w *Watch) wait(ctx context.Context, d time.Duration) bool {
	timer := w.opts.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C():
		return true
	case <-ctx.Done():
		return false
	}
}
