package room

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/internal/namespaces"
)

// Quotas knows the ResourceQuotas that there are in Kubernetes. Where it may not read them it knows none. It is safe for concurrent use.
type Quotas struct {
	watches map[string]*quotaWatch // by namespace, or one under metav1.NamespaceAll
}

// quotaWatch is an informer of ResourceQuotas, of one namespace or of all.
type quotaWatch struct {
	factory  informers.SharedInformerFactory
	informer cache.SharedIndexInformer
	lost     atomic.Pointer[string] // the version of what was read last before reading was forbidden; nil: it never was
}

// NewQuotas returns Quotas that know nothing until Start, and then those of these namespaces; without any, of all. They need list and watch on
// resourcequotas, and do without.
func NewQuotas(client kubernetes.Interface, served ...string) *Quotas {
	q := &Quotas{watches: map[string]*quotaWatch{}}
	for _, namespace := range namespaces.Watches(served) {
		factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace), informers.WithTransform(strip))
		w := &quotaWatch{factory: factory, informer: factory.Core().V1().ResourceQuotas().Informer()}
		_ = w.informer.SetWatchErrorHandlerWithContext(w.failed) // fails only once it has started
		q.watches[namespace] = w
	}
	return q
}

// Start watches the quotas until ctx ends. It returns at once.
func (q *Quotas) Start(ctx context.Context) {
	for _, w := range q.watches {
		w.factory.StartWithContext(ctx)
	}
}

// shutdown returns when all that Start began has ended, after its context has.
func (q *Quotas) shutdown() {
	for _, w := range q.watches {
		w.factory.Shutdown()
	}
}

// In are the quotas of a namespace that count every pod, by name.
func (q *Quotas) In(namespace string) []Quota {
	w, ok := namespaces.Watch(q.watches, namespace)
	if !ok || w.forbidden() {
		return nil
	}
	objects, _ := w.informer.GetIndexer().ByIndex(cache.NamespaceIndex, namespace) // fails only without the index
	found := make([]Quota, 0, len(objects))
	for _, object := range objects {
		if quota := object.(*corev1.ResourceQuota); len(quota.Spec.Scopes) == 0 && quota.Spec.ScopeSelector == nil {
			found = append(found, quotaOf(quota))
		}
	}
	slices.SortFunc(found, func(a, b Quota) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// failed is told of each attempt to read that failed. The next one follows, with growing pauses, so a right that comes later is used.
func (w *quotaWatch) failed(ctx context.Context, r *cache.Reflector, err error) {
	if !apierrors.IsForbidden(err) {
		cache.DefaultWatchErrorHandler(ctx, r, err)
		return
	}
	if w.forbidden() {
		return // it has been said
	}
	version := w.informer.LastSyncResourceVersion()
	w.lost.Store(&version)
	klog.FromContext(ctx).Info("ResourceQuotas may not be read: desired numbers of TaskManagers don't go by them", "reason", err.Error())
}

// forbidden tells whether nothing has been read since reading was forbidden.
func (w *quotaWatch) forbidden() bool {
	lost := w.lost.Load()
	return lost != nil && *lost == w.informer.LastSyncResourceVersion()
}

// strip keeps of a quota what is used here.
func strip(object any) (any, error) {
	quota, ok := object.(*corev1.ResourceQuota)
	if !ok {
		return object, nil
	}
	return &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: quota.Namespace, Name: quota.Name, UID: quota.UID, ResourceVersion: quota.ResourceVersion},
		Spec:       corev1.ResourceQuotaSpec{Scopes: quota.Spec.Scopes, ScopeSelector: quota.Spec.ScopeSelector},
		Status:     quota.Status,
	}, nil
}
