package server

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

const (
	// warmWithin is how long a replica waits for answers: what takes longest in a cluster that is well is the lag at commit, a minute
	// from the first look. What has no answer by then has none for another reason.
	warmWithin = 75 * time.Second
	// warmEvery is the time between two looks.
	warmEvery = 2 * time.Second
)

// errWarming is for the moment after the start, too.
var errWarming = errors.New("not known yet whether another replica can answer meanwhile")

// warmUp keeps a new replica from being asked before it can answer, as long as another one can: reads would fail in each
// rolling update otherwise. Where there is no other, it may be asked at once, as an API without any server is worse than one
// that says what it doesn't know yet.
type warmUp struct {
	unanswered func() error                                  // why an HPA's question has no answer yet
	others     func(context.Context) (ready bool, err error) // whether another replica is ready
	clock      clock.Clock
	waits      atomic.Pointer[error] // why it may not be asked; nil in it when it may
}

func newWarmUp(unanswered func() error, others func(context.Context) (bool, error), clock clock.Clock) *warmUp {
	w := &warmUp{unanswered: unanswered, others: others, clock: clock}
	w.waits.Store(&errWarming)
	return w
}

// ready is nil from the moment on that this replica may be asked.
func (w *warmUp) ready() error { return *w.waits.Load() }

// run returns when this replica may be asked, or ctx has ended.
func (w *warmUp) run(ctx context.Context) {
	logger, start := klog.FromContext(ctx), w.clock.Now()
	for {
		because, err := w.look(ctx)
		if waited := w.clock.Since(start); err != nil && waited >= warmWithin {
			because, err = fmt.Sprintf("it has waited for %s, and still: %v", waited, err), nil
		}
		w.waits.Store(&err)
		if err == nil {
			logger.Info("Ready to be asked", "because", because)
			return
		}
		next := w.clock.NewTimer(warmEvery)
		select {
		case <-next.C():
		case <-ctx.Done():
			next.Stop()
			return
		}
	}
}

// look says because of what this replica may be asked now, or why not.
func (w *warmUp) look(ctx context.Context) (because string, err error) {
	unanswered := w.unanswered()
	if unanswered == nil {
		return "it has an answer to each HPA's question", nil
	}
	ctx, cancel := context.WithTimeout(ctx, warmEvery)
	defer cancel()
	switch others, err := w.others(ctx); {
	case err != nil:
		return "", fmt.Errorf("not known whether another replica can answer meanwhile: %w", err)
	case !others:
		return "no other replica could answer meanwhile", nil
	}
	return "", fmt.Errorf("another replica answers meanwhile: %w", unanswered)
}

// otherReplicas finds out whether one of our pods is ready, besides the one of that name.
func otherReplicas(client kubernetes.Interface, namespace, selector, except string) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		if selector == "" {
			return false, nil
		}
		pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return false, fmt.Errorf("list the adapter's pods: %w", err)
		}
		for _, pod := range pods.Items {
			if pod.Name != except && pod.DeletionTimestamp == nil && podReady(pod) {
				return true, nil
			}
		}
		return false, nil
	}
}

func podReady(pod corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
