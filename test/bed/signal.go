package bed

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/test/node"
)

// Signal sends a signal to the processes of a pod.
func (b *Bed) Signal(pod corev1.Pod, signal syscall.Signal) error {
	pids, err := b.Processes(pod)
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal %v to process %d of pod %s/%s: %w", signal, pid, pod.Namespace, pod.Name, err)
		}
	}
	return nil
}

// Processes are the ids of a pod's processes, at least one.
func (b *Bed) Processes(pod corev1.Pod) ([]int, error) {
	pids, err := processes(Variable+"="+b.layout.state, node.PodIPVariable+"="+pod.Status.PodIP)
	if err == nil && len(pids) == 0 {
		err = fmt.Errorf("pod %s/%s has no process", pod.Namespace, pod.Name)
	}
	return pids, err
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
