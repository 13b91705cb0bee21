//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/adapter/advice"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/test/load"
)

// TestATaskManagerGetsTheMemoryThatItsJobNeeds has a job that keeps 96 MiB on its heap in a TaskManager of 1200 MiB, which is far too much.
// Minutes stand for days, so what a JVM collects in hours is collected as quickly.
func TestATaskManagerGetsTheMemoryThatItsJobNeeds(t *testing.T) {
	const (
		owner = 1200 // MiB of the process, as its owner says
		rate  = 38   // records/s, each of which replaces 64 KiB of it
		live  = 96   // MiB that the job keeps
		grown = 250  // MiB more, which is too much for what is advised, and not for what its owner says
	)
	t.Parallel()
	j := startJob(t, jobSpec{
		Name: "flink-memory", Topic: "memory", TaskManagers: 1, Scaled: true, Micros: 500, Process: fmt.Sprintf("%dm", owner),
		Options: []string{"--live-megabytes", strconv.Itoa(live), "--grow-key", "grow", "--grow-megabytes", strconv.Itoa(grown)},
	})
	j.runs(t)
	_, stop := produceTo(t, j.Topic, load.Step{From: rate, To: rate, At: time.Second})
	defer stop()
	pod := j.taskManager(t)
	uncollected := keepCollecting(t, pod)
	const watched = 10 * time.Minute // three parts of the window: the job starts in the first, and the TaskManager is new in the second
	eventually(t, watched, "nothing is injected as long as the adapter may not evict pods", func(ctx context.Context) error {
		status, err := j.memory(ctx)
		if err == nil && (!strings.Contains(status.Advice, "live after old collections") || !strings.Contains(status.Reason, "may not evict pods")) {
			err = fmt.Errorf("it is %s", text(status))
		}
		return err
	})
	if _, err := cluster.Run(t.Context(), "apply", "-f", filepath.Join(cluster.root, "manifests", "components", "memory", "evict.yaml")); err != nil {
		t.Fatal(err)
	}

	uncollected()
	var inUse int64 // it comes and goes with what is on its way from Kafka
	for range 3 {
		inUse = max(inUse, liveHeap(t, pod))
	}
	t.Logf("the JVM's own count of what is live: %d MiB", inUse>>20)
	status, err := j.memory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("advice: %s", status.Advice)
	seen := float64(status.Live.Value())
	if off := math.Abs(seen-float64(inUse)) / float64(inUse); off > 0.25 || inUse < live<<20 {
		t.Errorf("%.0f MiB are live as the adapter says, %d as the JVM does", seen/(1<<20), inUse>>20)
	}
	heap := 3.5 * float64(inUse)
	if advised := float64(j.explainedHeap(t)); math.Abs(advised-heap) > 0.25*heap {
		t.Errorf("%.0f MiB of heap are advised, want 3.5 times what is live, %.0f, to a quarter", advised/(1<<20), heap/(1<<20))
	}

	eventually(t, 5*time.Minute, "the next TaskManager is given what is advised", func(ctx context.Context) error {
		status, err := j.memory(ctx)
		if err == nil && status.Injected == nil {
			err = fmt.Errorf("it is %s", text(status))
		}
		return err
	})
	table, err := cluster.Run(t.Context(), "get", "memoryadvices", "-n", j.Name)
	if err != nil {
		t.Error(err)
	}
	t.Logf("kubectl get memoryadvices:\n%s", table)
	step := j.injected(t)
	if step >= owner || step < owner*2/3 {
		t.Errorf("%d MiB are injected, want less than %d, by a third at most", step, owner)
	}
	j.restart(t, pod)
	eventually(t, rounds, "the TaskManager that started has what is injected", func(ctx context.Context) error {
		size, err := j.process(ctx)
		if err == nil && size != step {
			err = fmt.Errorf("it has %d MiB, want %d", size, step)
		}
		return err
	})
	small := j.taskManager(t)
	if request := small.Spec.Containers[0].Resources.Requests.Memory().Value() >> 20; request < int64(step) || request >= 1300 {
		t.Errorf("it requests %d MiB of memory, want as much less than 1300 as its process is smaller, and no less than that", request)
	}
	if seen, want := small.Annotations["flink-hpa.dev/injected"], fmt.Sprintf("taskmanager.memory.process.size=%dm", step); !strings.Contains(seen, want) {
		t.Errorf("its annotation is %q", seen)
	}
	always(t, time.Minute, "the same load runs without trouble", func(ctx context.Context) error {
		status, err := j.memory(ctx)
		if err == nil && status.Failed != nil {
			err = fmt.Errorf("it ran out of memory: %s", status.Failure)
		}
		if pod := j.taskManager(t); pod.Name != small.Name || pod.Status.ContainerStatuses[0].RestartCount > 0 {
			err = fmt.Errorf("the TaskManager is %s, restarted %d times", pod.Name, pod.Status.ContainerStatuses[0].RestartCount)
		}
		return err
	})

	send(t, j.Topic, "grow", 1)
	eventually(t, 5*time.Minute, "a TaskManager that runs out of memory is replaced by one with what its owner says", func(ctx context.Context) error {
		status, err := j.memory(ctx)
		if err == nil && (status.Failed == nil || status.Injected != nil) {
			return fmt.Errorf("it is %s", text(status))
		}
		job, err := j.flink.Job(ctx)
		if err == nil && !job.AllRun() {
			err = fmt.Errorf("the job is %s", job.State)
		}
		if size, sizeErr := j.process(ctx); err == nil && (sizeErr != nil || size != owner) {
			err = errors.Join(fmt.Errorf("the TaskManager has %d MiB, not %d", size, owner), sizeErr)
		}
		if pods, listErr := j.taskManagers(ctx); listErr != nil || len(pods) != 1 || pods[0].Name == small.Name {
			err = errors.Join(fmt.Errorf("there are %d TaskManagers, the one of before among them", len(pods)), listErr)
		}
		return err
	})
	status, err = j.memory(t.Context())
	if err != nil || !strings.Contains(status.Failure, "OutOfMemoryError (Java heap space)") {
		t.Errorf("the failure is %q, %v", status.Failure, err)
	}
	t.Logf("reason: %s", status.Reason)
	j.keepsUp(t, rate)
	j.memoryIsTold(t)
}

// memory is what is known of the memory of the job's TaskManagers.
func (j flinkJob) memory(ctx context.Context) (v1alpha1.MemoryAdviceStatus, error) {
	return memoryOf(ctx, j.Name)
}

// memoryOf is the status of the MemoryAdvice of a namespace's job.
func memoryOf(ctx context.Context, namespace string) (v1alpha1.MemoryAdviceStatus, error) {
	var found v1alpha1.MemoryAdvice
	out, err := cluster.Run(ctx, "get", "memoryadvice", "-n", namespace, "flink-taskmanager", "-o", "json")
	if err == nil {
		err = json.Unmarshal([]byte(out), &found)
	}
	return found.Status, err
}

func text(status v1alpha1.MemoryAdviceStatus) string {
	status.Parts = nil
	data, _ := json.Marshal(status)
	return string(data)
}

func (j flinkJob) injected(t *testing.T) int {
	t.Helper()
	status, err := j.memory(t.Context())
	if err != nil || status.Injected == nil {
		t.Fatalf("injected is %s, %v", status.Injected, err)
	}
	t.Logf("injected: %s, %s", status.Injected, status.Reason)
	return int(status.Injected.Value() >> 20)
}

// explainedHeap is the heap that is advised, in bytes, as the explanation of the desired number has it.
func (j flinkJob) explainedHeap(t *testing.T) int64 {
	t.Helper()
	var explained struct {
		Memory struct {
			HeapBytes int64 `json:"heapBytes"`
		} `json:"memory"`
	}
	out, err := cluster.Run(t.Context(), "get", "--raw", "/apis/external.metrics.k8s.io/v1beta1/namespaces/"+j.Name+
		"/flink_desired_taskmanagers?explain=json&labelSelector="+strings.NewReplacer("=", "%3D", ",", "%2C").Replace(jobManagerLabels+",kafka-cluster=main"))
	if err == nil {
		err = json.Unmarshal([]byte(out), &explained)
	}
	if err != nil {
		t.Fatal(err)
	}
	return explained.Memory.HeapBytes
}

func (j flinkJob) taskManagers(ctx context.Context) ([]corev1.Pod, error) {
	pods, err := cluster.Client.CoreV1().Pods(j.Name).List(ctx, metav1.ListOptions{LabelSelector: "component=taskmanager"})
	if err != nil {
		return nil, err
	}
	var there []corev1.Pod
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp == nil {
			there = append(there, pod)
		}
	}
	return there, nil
}

// taskManager is the one TaskManager pod.
func (j flinkJob) taskManager(t *testing.T) corev1.Pod {
	t.Helper()
	pods, err := j.taskManagers(t.Context())
	if err != nil || len(pods) != 1 || len(pods[0].Status.ContainerStatuses) != 1 {
		t.Fatalf("there are %d TaskManagers, not one that has started: %v", len(pods), err)
	}
	return pods[0]
}

// restart deletes the TaskManager, and waits for the next one.
func (j flinkJob) restart(t *testing.T, pod corev1.Pod) {
	t.Helper()
	if err := cluster.Client.CoreV1().Pods(j.Name).Delete(t.Context(), pod.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, startsWithin, "the job runs on another TaskManager", func(ctx context.Context) error {
		pods, err := j.taskManagers(ctx)
		if err != nil || len(pods) != 1 || pods[0].Name == pod.Name || len(pods[0].Status.ContainerStatuses) != 1 {
			return errors.Join(fmt.Errorf("there are %d TaskManagers, not another one alone", len(pods)), err)
		}
		job, err := j.flink.Job(ctx)
		if err == nil && (!job.AllRun() || job.RunningFrom.Before(pods[0].CreationTimestamp.Time)) {
			err = fmt.Errorf("the job is %s", job.State)
		}
		return err
	})
}

// process is the size of the one TaskManager's process in MiB, by Flink's own word. One that has just been deleted may be listed yet.
func (j flinkJob) process(ctx context.Context) (int, error) {
	var list struct {
		TaskManagers []struct {
			MemoryConfiguration struct{ TotalProcessMemory int64 }
		}
	}
	if err := j.flink.Get(ctx, "/taskmanagers", &list); err != nil {
		return 0, err
	}
	if len(list.TaskManagers) != 1 {
		return 0, fmt.Errorf("%d TaskManagers are registered, not one", len(list.TaskManagers))
	}
	return int(list.TaskManagers[0].MemoryConfiguration.TotalProcessMemory >> 20), nil
}

// keepCollecting has the JVM of a pod collect all garbage every few seconds, until the function that it returns is called.
func keepCollecting(t *testing.T, pod corev1.Pod) (stop func()) {
	t.Helper()
	pid := processOf(t, pod)
	ctx, cancel := context.WithCancel(t.Context())
	var collecting sync.WaitGroup
	collecting.Go(func() {
		for every := time.NewTicker(3 * time.Second); ; { // not in step with the ten seconds in which Flink renews its metrics
			select {
			case <-every.C:
				_ = exec.CommandContext(ctx, "jcmd", pid, "GC.run").Run() // without it, the heap isn't known to be live
			case <-ctx.Done():
				every.Stop()
				return
			}
		}
	})
	stop = func() {
		cancel()
		collecting.Wait()
	}
	t.Cleanup(stop)
	return stop
}

func processOf(t *testing.T, pod corev1.Pod) string {
	t.Helper()
	pids, err := cluster.Processes(pod)
	if err != nil || len(pids) != 1 {
		t.Fatalf("pod %s has the processes %v, want one: %v", pod.Name, pids, err)
	}
	return strconv.Itoa(pids[0])
}

// liveHeap has the JVM of a pod collect all garbage, and is what is left in bytes.
func liveHeap(t *testing.T, pod corev1.Pod) int64 {
	t.Helper()
	pid := processOf(t, pod)
	histogram, err := exec.CommandContext(t.Context(), "jcmd", pid, "GC.class_histogram").Output()
	if err != nil {
		t.Fatalf("jcmd %s: %v", pid, err)
	}
	lines := strings.Split(strings.TrimSpace(string(histogram)), "\n")
	fields := strings.Fields(lines[len(lines)-1]) // Total INSTANCES BYTES
	if len(fields) != 3 || fields[0] != "Total" {
		t.Fatalf("jcmd's last line is %q", lines[len(lines)-1])
	}
	bytes, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// memoryIsTold sees to it that Events on the HPA tell of the advice, of the step and of its end.
func (j flinkJob) memoryIsTold(t *testing.T) {
	t.Helper()
	want := map[string]string{advice.ReasonAdvised: corev1.EventTypeNormal, advice.ReasonStep: corev1.EventTypeNormal, advice.ReasonFailed: corev1.EventTypeWarning}
	told, err := cluster.Client.EventsV1().Events(j.Name).List(t.Context(), metav1.ListOptions{FieldSelector: "regarding.kind=HorizontalPodAutoscaler"})
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range told.Items {
		if kind, memory := want[event.Reason]; memory && kind == event.Type {
			t.Logf("%s: %s", event.Reason, event.Note)
			delete(want, event.Reason)
		}
	}
	if len(want) > 0 {
		t.Errorf("no Event has the reason, and the type, of %v", want)
	}
}
