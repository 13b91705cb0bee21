package node

import (
	"context"
	"encoding/json"
	"os"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
)

const (
	writeRetry = time.Second     // between two tries to write a status
	stopGrace  = 3 * time.Second // what a pod has left when the whole node stops
)

// worker runs one pod from its binding to its end.
type worker struct {
	node    *Node
	pod     *corev1.Pod
	address string // the pod's

	ending   chan struct{} // closed when the pod shall end
	endOnce  sync.Once
	grace    atomic.Int64 // how long its processes then have
	volumes  map[string]string
	statusMu sync.Mutex
	status   corev1.PodStatus
	init     []*containerStatus
	main     []*containerStatus
	dirty    chan struct{} // the status is to be written
}

func newWorker(n *Node, pod *corev1.Pod) *worker {
	address := n.addresses.of(pod.UID)
	w := &worker{node: n, pod: pod, address: address, ending: make(chan struct{}), dirty: make(chan struct{}, 1)}
	w.grace.Store(int64(stopGrace))
	waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
	if len(pod.Spec.InitContainers) > 0 {
		waiting.Waiting.Reason = "PodInitializing"
	}
	for _, spec := range pod.Spec.InitContainers {
		w.init = append(w.init, &containerStatus{spec: spec, state: waiting})
	}
	for _, spec := range pod.Spec.Containers {
		w.main = append(w.main, &containerStatus{spec: spec, state: waiting})
	}
	now := metav1.Now()
	w.status = corev1.PodStatus{
		HostIP: n.opts.HostIP, HostIPs: []corev1.HostIP{{IP: n.opts.HostIP}},
		PodIP: address, PodIPs: []corev1.PodIP{{IP: address}},
		StartTime: &now, QOSClass: pod.Status.QOSClass,
	}
	return w
}

// end makes the pod end; its processes have grace between SIGTERM and SIGKILL. The first call counts.
func (w *worker) end(grace time.Duration) {
	w.endOnce.Do(func() {
		w.grace.Store(int64(grace))
		close(w.ending)
	})
}

// run runs the pod till it has ended by itself or shall end, and then takes it away. It returns when the pod's object
// is gone, or the node stops.
func (w *worker) run(node context.Context) {
	ctx, cancel := context.WithCancel(node)
	defer cancel()
	var writing sync.WaitGroup
	keep, stopWriting := context.WithCancel(node)
	defer stopWriting()
	writing.Go(func() { w.writeStatus(keep) })
	go func() {
		select {
		case <-w.ending:
			cancel()
		case <-ctx.Done():
		}
	}()
	w.runContainers(ctx)
	w.touch()
	if node.Err() == nil {
		select {
		case <-w.ending:
			w.remove(node)
		case <-node.Done():
		}
	}
	stopWriting()
	writing.Wait()
	if err := os.RemoveAll(w.node.podDir(w.pod)); err != nil {
		klog.FromContext(node).Error(err, "A pod's folder stays", "pod", klog.KObj(w.pod))
	}
	w.node.addresses.release(w.pod.UID)
}

// runContainers makes the volumes, runs the init containers one after the other and then all the others together. It
// returns when all have ended for good.
func (w *worker) runContainers(ctx context.Context) {
	w.touch()
	if !w.findImages() {
		<-ctx.Done()
		return
	}
	if !w.mountVolumes(ctx) {
		return
	}
	for _, c := range w.init {
		w.runContainer(ctx, c, restartOf(w.pod.Spec.RestartPolicy, true))
		if !w.succeeded(c) {
			return
		}
	}
	var refreshing, containers sync.WaitGroup
	refresh, stopRefreshing := context.WithCancel(ctx)
	refreshing.Go(func() { w.refreshVolumes(refresh) })
	for _, c := range w.main {
		containers.Go(func() { w.runContainer(ctx, c, restartOf(w.pod.Spec.RestartPolicy, false)) })
	}
	containers.Wait()
	stopRefreshing()
	refreshing.Wait()
}

// remove writes the last status and lets the API server forget the pod.
func (w *worker) remove(ctx context.Context) {
	if err := w.patchStatus(ctx); err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
		klog.FromContext(ctx).Error(err, "A pod's last status was not written", "pod", klog.KObj(w.pod))
	}
	options := *metav1.NewDeleteOptions(0)
	options.Preconditions = metav1.NewUIDPreconditions(string(w.pod.UID))
	for {
		err := w.node.client.CoreV1().Pods(w.pod.Namespace).Delete(ctx, w.pod.Name, options)
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) || ctx.Err() != nil {
			return
		}
		klog.FromContext(ctx).Error(err, "An ended pod was not deleted", "pod", klog.KObj(w.pod))
		if !sleep(ctx, writeRetry) {
			return
		}
	}
}

// update changes a container's status and has the pod's status written.
func (w *worker) update(c *containerStatus, change func(*containerStatus)) {
	w.statusMu.Lock()
	change(c)
	w.statusMu.Unlock()
	w.touch()
}

func (w *worker) succeeded(c *containerStatus) bool {
	w.statusMu.Lock()
	defer w.statusMu.Unlock()
	return c.succeeded()
}

func (w *worker) touch() {
	select {
	case w.dirty <- struct{}{}:
	default:
	}
}

// writeStatus writes the pod's status after each change, until ctx ends.
func (w *worker) writeStatus(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.dirty:
		}
		if err := w.patchStatus(ctx); err != nil && !apierrors.IsNotFound(err) && sleep(ctx, writeRetry) {
			w.touch()
		}
	}
}

func (w *worker) patchStatus(ctx context.Context) error {
	w.statusMu.Lock()
	w.status = podStatus(w.init, w.main, w.status, metav1.Now())
	patch := map[string]any{"metadata": map[string]any{"uid": w.pod.UID}, "status": w.status}
	data, err := json.Marshal(patch)
	w.statusMu.Unlock()
	if err != nil {
		return err
	}
	_, err = w.node.client.CoreV1().Pods(w.pod.Namespace).Patch(ctx, w.pod.Name, types.MergePatchType, data, metav1.PatchOptions{}, "status")
	return err
}

func (w *worker) event(kind, reason, format string, args ...any) {
	w.node.events.Eventf(w.pod, kind, reason, format, args...)
}

// sleep waits, and says whether ctx is still on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
