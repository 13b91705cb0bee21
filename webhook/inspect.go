package webhook

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/internal/events"
	"github.com/flink-hpa/flink-hpa/webhook/fleet"
)

const (
	// inspections is how many pods are looked at at once. It is few, as admissions share the client with it, and they are in a hurry.
	inspections = 2
)

// notInjected is what is wrong with a pod that Mutate would have changed.
const notInjected = "nothing was injected: the pod is older than its label or its namespace's, or the webhook did not answer when it was created; " +
	"delete it when that suits the job, and the pod that replaces it is injected into"

// Inspector looks at each Flink pod once it is there: it tells what is wrong in an Event, knows the pods that should have been
// injected into and were not, and what Check compares others with. Safe for concurrent use.
type Inspector struct {
	surroundings Surroundings
	pods         *fleet.Pods
	teller       teller
	queue        workqueue.TypedRateLimitingInterface[string] // `namespace/name`

	mu       sync.RWMutex
	verdicts map[types.UID]verdict
	uids     map[string]types.UID // by `namespace/name`, of those with a verdict
}

// verdict is what was found out about a pod.
type verdict struct {
	unmutated bool
	peer      *Peer // nil for a pod that doesn't run Flink after all
}

// InspectorOptions of an Inspector.
type InspectorOptions struct {
	Namespaces []string // whose pods are looked at; none: all
	Except     []string // namespaces that are left out of these
	Instance   string   // this pod, the author of the Events
	Clock      clock.PassiveClock
}

// NewInspector knows nothing until Run.
func NewInspector(client kubernetes.Interface, surroundings Surroundings, opts InspectorOptions) *Inspector {
	i := &Inspector{
		surroundings: surroundings,
		teller:       teller{events.Writer{Client: client, Clock: opts.Clock, Controller: events.Webhook, Instance: opts.Instance}},
		queue:        workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]()),
		verdicts:     map[types.UID]verdict{},
		uids:         map[string]types.UID{},
	}
	i.pods = fleet.New(client, fleet.Options{
		Label: LabelInject, Namespaces: opts.Namespaces, Except: opts.Except, Changed: i.queue.Add,
		Keep: func(pod *corev1.Pod) bool {
			_, why, ok := flinkContainerOf(pod)
			return ok || why.warning != ""
		},
	})
	return i
}

// Run inspects until ctx ends.
func (i *Inspector) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	lost := func(key string, err error) {
		klog.FromContext(ctx).Error(err, "What is wrong with a pod is not told", "pod", key)
	}
	tasks.Go(func() { i.pods.Run(ctx) })
	for range inspections {
		tasks.Go(func() {
			for events.Next(ctx, i.queue, i.inspect, lost) {
			}
		})
	}
	<-ctx.Done()
	i.queue.ShutDown()
}

// inspect looks at the pod of that name, and tells what is wrong with it. A mistake of ours that panics is no reason to take down the
// admissions.
func (i *Inspector) inspect(ctx context.Context, key string) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	pod := i.pods.Get(key)
	if pod == nil {
		i.forget(key)
		return nil
	}
	facts := i.surroundings.Facts(ctx, pod.Namespace, pod)
	v := judge(pod, facts)
	i.remember(key, pod.UID, v)
	template := &corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}
	others := i.peers(pod.Namespace, func(other *corev1.Pod) bool { return other.UID != pod.UID })
	problems := Check(template, Workload{Kind: "Pod", Name: pod.Name, Replicas: 1}, facts, others)
	if v.unmutated {
		problems = append([]string{notInjected}, problems...)
	}
	return i.teller.tell(ctx, pod, problems)
}

func judge(pod *corev1.Pod, facts Facts) verdict {
	v := verdict{}
	if _, done := pod.Annotations[AnnotationInjected]; !done {
		_, report := Mutate(pod, facts)
		v.unmutated = len(report.Injected) > 0
	}
	if peer, ok := PeerOf(pod, facts); ok {
		v.peer = &peer
	}
	return v
}

func (i *Inspector) remember(key string, uid types.UID, v verdict) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.verdicts, i.uids[key]) // of a pod that had the name before
	i.verdicts[uid], i.uids[key] = v, uid
}

func (i *Inspector) forget(key string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.verdicts, i.uids[key])
	delete(i.uids, key)
}

func (i *Inspector) verdict(pod *corev1.Pod) (v verdict, known bool) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	v, known = i.verdicts[pod.UID]
	return v, known
}

// Peers implements Peers, from memory.
func (i *Inspector) Peers(_ context.Context, namespace string, except Workload) []Peer {
	return i.peers(namespace, func(pod *corev1.Pod) bool { return !madeBy(pod, except) })
}

// peers are those of the pods that are wanted, by name.
func (i *Inspector) peers(namespace string, wanted func(*corev1.Pod) bool) []Peer {
	var peers []Peer
	for _, pod := range i.pods.List(namespace) {
		if v, known := i.verdict(pod); known && v.peer != nil && wanted(pod) {
			peers = append(peers, *v.peer)
		}
	}
	slices.SortFunc(peers, func(a, b Peer) int { return cmp.Compare(a.Name, b.Name) })
	return peers
}

// madeBy tells whether workload has made pod: as its controller, or through the ReplicaSet that a Deployment names after itself and
// the hash of the template.
func madeBy(pod *corev1.Pod, workload Workload) bool {
	controller := metav1.GetControllerOf(pod)
	switch {
	case controller == nil:
		return false
	case workload.Kind == "Deployment":
		return controller.Kind == "ReplicaSet" && controller.Name == workload.Name+"-"+pod.Labels["pod-template-hash"]
	default:
		return controller.Kind == workload.Kind && controller.Name == workload.Name
	}
}
