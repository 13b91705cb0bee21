package taskmanagers

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/flink-hpa/flink-hpa/adapter/pods"
	"github.com/flink-hpa/flink-hpa/internal/namespaces"
)

// errNotSynced is for the moment after the start.
var errNotSynced = errors.New("the list of TaskManager pods has not been read from Kubernetes yet")

const (
	// label is what Flink's documentation gives its TaskManager pods, and its operator too.
	label = "component=taskmanager"
	// workloadIndex is the index of the pods by their workload.
	workloadIndex = "workload"
)

// Watch knows the TaskManager pods that there are in Kubernetes. It reads from memory only, and is safe for concurrent use.
type Watch struct {
	watches map[string]watch // by namespace, or one under metav1.NamespaceAll
}

// watch is an informer of TaskManager pods, of one namespace or of all.
type watch struct {
	factory informers.SharedInformerFactory
	indexer cache.Indexer
	synced  cache.InformerSynced
}

// New returns a Watch that knows nothing until Start, and then the TaskManagers of these namespaces; without any, of all. It needs list and
// watch on pods.
func New(client kubernetes.Interface, served ...string) *Watch {
	w := &Watch{watches: map[string]watch{}}
	for _, namespace := range namespaces.Watches(served) {
		factory, informer := pods.Informer(client, namespace, label, cache.Indexers{workloadIndex: indexByWorkload}, strip)
		w.watches[namespace] = watch{factory, informer.GetIndexer(), informer.HasSynced}
	}
	return w
}

// Start watches the pods until ctx ends. It returns at once.
func (w *Watch) Start(ctx context.Context) {
	for _, watch := range w.watches {
		watch.factory.StartWithContext(ctx)
	}
}

// shutdown returns when all that Start began has ended, after its context has.
func (w *Watch) shutdown() {
	for _, watch := range w.watches {
		watch.factory.Shutdown()
	}
}

// Synced is nil once the pods have been listed.
func (w *Watch) Synced() error {
	for _, watch := range w.watches {
		if !watch.synced() {
			return errNotSynced
		}
	}
	return nil
}

// Of are the workload's TaskManagers, oldest first, without those that are being deleted or have ended. There are none in a namespace that
// nobody watches, and before Synced there may be fewer than there are.
func (w *Watch) Of(workload Workload) []Pod {
	watch, ok := namespaces.Watch(w.watches, workload.Namespace)
	if !ok {
		return nil
	}
	objects, _ := watch.indexer.ByIndex(workloadIndex, workload.Key()) // fails only without the index
	found := make([]Pod, 0, len(objects))
	for _, object := range objects {
		if kept := object.(*kept); kept.alive {
			found = append(found, kept.pod)
		}
	}
	slices.SortFunc(found, func(a, b Pod) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.Name, b.Name))
	})
	return found
}

func indexByWorkload(object any) ([]string, error) {
	return []string{object.(*kept).pod.Workload.Key()}, nil
}
