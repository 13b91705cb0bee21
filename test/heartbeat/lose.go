package heartbeat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/node"
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
		pod := list.Items[i]
		pids, err := processes(bed.Variable+"="+w.bed.Dir(""), node.PodIPVariable+"="+pod.Status.PodIP)
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			return fmt.Errorf("pod %s/%s has no process", pod.Namespace, pod.Name)
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("signal %v to process %d of pod %s/%s: %w", signal, pid, pod.Namespace, pod.Name, err)
			}
		}
	}
	return nil
}

// processes are the ids of the processes whose environment has all of the variables, NAME=VALUE.
func processes(variables ...string) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it ended, or is somebody else's
		}
		environment := bytes.Split(data, []byte{0})
		missing := slices.ContainsFunc(variables, func(variable string) bool {
			return !slices.ContainsFunc(environment, func(has []byte) bool { return string(has) == variable })
		})
		if missing {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
