package heartbeat

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// signal sends a signal to the processes of TaskManager pod number i, by name, of each job.
func (w *watcher) signal(ctx context.Context, signal syscall.Signal, i int) error {
	for _, j := range w.jobs {
		list, err := w.bed.Client.CoreV1().Pods(j.namespace).List(ctx, metav1.ListOptions{LabelSelector: "component=taskmanager"})
		if err != nil {
			return err
		}
		if len(list.Items) != taskManagers {
			return fmt.Errorf("namespace %s has %d TaskManager pods, not %d", j.namespace, len(list.Items), taskManagers)
		}
		slices.SortFunc(list.Items, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
		if err := w.bed.Signal(list.Items[i], signal); err != nil {
			return err
		}
	}
	return nil
}
