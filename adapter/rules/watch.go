package rules

import (
	"context"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

const (
	// lookEvery is how often it is looked whether the cluster knows ScalingRules by now.
	lookEvery = time.Minute
	// syncEvery is how often it is looked whether the first list is there.
	syncEvery = 100 * time.Millisecond
)

// watched is an informer of rules, of one namespace or of all.
type watched struct {
	factory  dynamicinformer.DynamicSharedInformerFactory
	informer cache.SharedIndexInformer
}

// defined waits until the cluster knows what a ScalingRule is; false: ctx has ended.
func (r *Rules) defined(ctx context.Context) bool {
	told := ""
	for {
		resources, err := r.opts.Resources(ctx, v1alpha1.GroupVersion().String())
		switch {
		case err == nil && has(resources, v1alpha1.Resource):
			return true
		case err == nil || apierrors.IsNotFound(err):
			r.set(absent)
			if told != "absent" {
				klog.FromContext(ctx).Info("The cluster has no definition of ScalingRules, so there are none; apply manifests/base/crd to have some")
			}
			told = "absent"
		case told != err.Error():
			klog.FromContext(ctx).Error(err, "Not known whether the cluster has a definition of ScalingRules, will look again", "after", lookEvery)
			told = err.Error()
		}
		if !r.wait(ctx, lookEvery) {
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

// watch starts the informers and waits for what they list first; false: ctx has ended.
func (r *Rules) watch(ctx context.Context) bool {
	r.set(reading)
	namespaces := r.opts.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, namespace := range namespaces {
		factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(r.opts.Dynamic, 0, namespace, nil)
		informer := factory.ForResource(v1alpha1.GroupVersionResource()).Informer()
		_ = informer.SetWatchErrorHandlerWithContext(onceEach()) // it fails only once the informer has started
		factory.Start(ctx.Done())
		r.watched = append(r.watched, watched{factory, informer})
	}
	for _, w := range r.watched {
		for !w.informer.HasSynced() {
			if !r.wait(ctx, syncEvery) {
				return false
			}
		}
	}
	return true
}

// onceEach logs why a list or watch failed, when that is another reason than before: the informer tries again and again, also when the definition
// was removed.
func onceEach() cache.WatchErrorHandlerWithContext {
	var told atomic.Value
	return func(ctx context.Context, reflector *cache.Reflector, err error) {
		if apierrors.IsResourceExpired(err) || told.Swap(err.Error()) == err.Error() {
			return
		}
		klog.FromContext(ctx).Error(err, "ScalingRules can't be read, will try again")
	}
}

// wait waits; false: ctx has ended.
func (r *Rules) wait(ctx context.Context, d time.Duration) bool {
	timer := r.opts.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C():
		return true
	case <-ctx.Done():
		return false
	}
}
