package demo

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/IBM/sarama"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	externalmetrics "k8s.io/metrics/pkg/client/external_metrics"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/flinkrest"
	"github.com/flink-hpa/flink-hpa/test/load"
	"github.com/flink-hpa/flink-hpa/test/report"
)

// refreshed is how long after a restart a job's metrics may still be those from before: Flink reads them every 10 s.
const refreshed = 12 * time.Second

// injectedAnnotation is on every pod that the webhook has changed.
const injectedAnnotation = "flink-hpa.dev/injected"

// watcher measures a run from all sides: brokers, JobManager, Kubernetes, and the adapter's own answer.
type watcher struct {
	bed       *bed.Bed
	flink     *flinkrest.Client
	kafka     sarama.Client
	probe     *load.Probe
	metrics   externalmetrics.ExternalMetricsClient
	generator *load.Generator

	start       time.Time
	points      []report.Point
	arrived     counter
	committed   counter   // the group's committed offsets, together: what has been processed for good
	processed   *int64    // what the job has counted in its state; the latest reading
	parallelism int       // of the job when it last ran
	runningFrom time.Time // when it last became RUNNING
	rescaledAt  []float64
	mutated     map[types.UID]bool
	busy        map[string]flinkrest.Subtask // last sample by TaskManager and subtask
	pods        map[string]string            // pod's name by address
}

func newWatcher(b *bed.Bed, flink *flinkrest.Client) (*watcher, error) {
	kafka, err := load.Connect([]string{b.Kafka})
	if err != nil {
		return nil, err
	}
	probe, err := load.NewProbe(kafka)
	if err != nil {
		return nil, err
	}
	metrics, err := externalmetrics.NewForConfig(b.Config)
	if err != nil {
		return nil, err
	}
	return &watcher{
		bed: b, flink: flink, kafka: kafka, probe: probe, metrics: metrics,
		mutated: map[types.UID]bool{}, busy: map[string]flinkrest.Subtask{}, pods: map[string]string{},
	}, nil
}

func (w *watcher) close() { _ = w.kafka.Close() }

// sample measures once. What can't be measured now is left unknown: a broker or JobManager that doesn't answer for a
// moment is part of what the demo shows.
func (w *watcher) sample(ctx context.Context) report.Point {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	now := time.Now()
	p := report.Point{T: now.Sub(w.start).Seconds()}
	p.ArrivalPerS = w.arrived.see(w.generator.Sent(), now)
	w.seeOffsets(&p, now)
	p.BusyRatio = w.busyRatio()
	w.seeCluster(ctx, &p)
	w.seeJob(ctx, &p, now)
	w.points = append(w.points, p)
	return p
}

// seeOffsets reads the group's lag at the brokers, and how fast the job gets on: by what it commits, which a restart can't
// take back.
func (w *watcher) seeOffsets(p *report.Point, now time.Time) {
	committed, err := w.probe.Committed(bed.SampleGroup, bed.Topic)
	if err != nil {
		return
	}
	p.ProcessedPerS = w.committed.see(committed.Total(), now)
	ends, err := w.probe.LogEndOffsets(bed.Topic)
	if err != nil {
		return
	}
	if behind, ok := ends.Behind(committed); ok {
		p.Lag = new(float64(behind))
	}
}

// busyRatio is what the HPA gets, asked the way it asks.
func (w *watcher) busyRatio() *float64 {
	selector := labels.SelectorFromSet(labels.Set{"app": "flink", "component": "jobmanager"})
	list, err := w.metrics.NamespacedMetrics(bed.SampleNamespace).List("flink_busy_ratio", selector)
	if err != nil || len(list.Items) != 1 {
		return nil
	}
	return new(list.Items[0].Value.AsApproximateFloat64())
}

// seeCluster reads the Deployment, its HPA and the pods.
func (w *watcher) seeCluster(ctx context.Context, p *report.Point) {
	client := w.bed.Client
	if deployment, err := client.AppsV1().Deployments(bed.SampleNamespace).Get(ctx, bed.SampleTaskManager, metav1.GetOptions{}); err == nil {
		p.TaskManagersWanted = int(*deployment.Spec.Replicas)
	}
	if hpa, err := client.AutoscalingV2().HorizontalPodAutoscalers(bed.SampleNamespace).Get(ctx, bed.SampleTaskManager, metav1.GetOptions{}); err == nil {
		p.HPA = says(hpa)
	}
	pods, err := client.CoreV1().Pods(bed.SampleNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for _, pod := range pods.Items {
		w.pods[pod.Status.PodIP] = pod.Name
		if pod.Annotations[injectedAnnotation] != "" {
			w.mutated[pod.UID] = true
		}
		if pod.Labels["component"] == "taskmanager" && isReady(pod) && pod.DeletionTimestamp == nil {
			p.TaskManagersRunning++
		}
	}
}

func isReady(pod corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// says is the condition of the HPA that matters most now, in its own words.
func says(hpa *autoscalingv2.HorizontalPodAutoscaler) string {
	conditions := map[autoscalingv2.HorizontalPodAutoscalerConditionType]autoscalingv2.HorizontalPodAutoscalerCondition{}
	for _, condition := range hpa.Status.Conditions {
		conditions[condition.Type] = condition
	}
	if active, ok := conditions[autoscalingv2.ScalingActive]; ok && active.Status != corev1.ConditionTrue {
		// What is wrong comes last, after where.
		return active.Message[strings.LastIndex(active.Message, ": ")+1:]
	}
	if limited, ok := conditions[autoscalingv2.ScalingLimited]; ok && limited.Status == corev1.ConditionTrue {
		return limited.Message
	}
	return conditions[autoscalingv2.AbleToScale].Message
}

// seeJob asks the JobManager.
func (w *watcher) seeJob(ctx context.Context, p *report.Point, now time.Time) {
	job, err := w.flink.Job(ctx)
	if err != nil || job.State != "RUNNING" || !w.registered(ctx, job) {
		return
	}
	if job.RunningFrom != w.runningFrom {
		if w.parallelism != 0 && job.Parallelism() != w.parallelism {
			w.rescaledAt = append(w.rescaledAt, p.T)
		}
		w.parallelism, w.runningFrom = job.Parallelism(), job.RunningFrom
	}
	p.BusyPerTaskManager, p.CPUPerTaskManager = map[string]float64{}, map[string]float64{}
	seen := map[string]flinkrest.Subtask{}
	for _, vertex := range job.Vertices {
		if strings.HasPrefix(vertex.Name, "work") && now.Sub(job.RunningFrom) > refreshed {
			count, ok, err := w.flink.VertexMetric(ctx, job.ID, vertex, "work.recordsProcessedTotal")
			if err == nil && ok {
				w.processed = new(int64(count))
			}
		}
		w.seeSubtasks(ctx, job.ID, vertex.ID, seen, p)
	}
	w.busy = seen
	ids, err := w.flink.TaskManagers(ctx)
	if err != nil {
		return
	}
	for _, id := range ids {
		if cpu, ok, err := w.flink.CPULoad(ctx, id); err == nil && ok {
			p.CPUPerTaskManager[w.podOf(id)] = cpu * float64(runtime.NumCPU())
		}
	}
}

// registered says whether the job has as many TaskManagers as its parallelism, and so really runs: one that waits for
// some says RUNNING too, with its largest parallelism.
func (w *watcher) registered(ctx context.Context, job flinkrest.Job) bool {
	ids, err := w.flink.TaskManagers(ctx)
	return err == nil && job.Parallelism() <= len(ids)
}

// seeSubtasks works out the busy share of each TaskManager since the last sample: that of its busiest subtask.
func (w *watcher) seeSubtasks(ctx context.Context, job, vertex string, seen map[string]flinkrest.Subtask, p *report.Point) {
	subtasks, err := w.flink.Subtasks(ctx, job, vertex)
	if err != nil {
		return
	}
	for _, now := range subtasks {
		key := fmt.Sprint(vertex, now.Subtask, now.TaskManager, now.Start)
		before, ok := w.busy[key]
		busy, all := now.Metrics.Busy-before.Metrics.Busy, total(now)-total(before)
		switch name := w.podOf(now.TaskManager); {
		case !ok:
			seen[key] = now
		case all <= 0:
			// Flink reads the metrics every few seconds: nothing new yet.
			seen[key] = before
			if last := w.last(name); last != nil {
				p.BusyPerTaskManager[name] = max(p.BusyPerTaskManager[name], *last)
			}
		default:
			seen[key] = now
			p.BusyPerTaskManager[name] = max(p.BusyPerTaskManager[name], min(1, busy/all))
		}
	}
}

func total(s flinkrest.Subtask) float64 {
	return s.Metrics.Busy + s.Metrics.Idle + s.Metrics.Backpressured
}

// last is the TaskManager's busy share in the previous point.
func (w *watcher) last(name string) *float64 {
	if len(w.points) == 0 {
		return nil
	}
	if busy, ok := w.points[len(w.points)-1].BusyPerTaskManager[name]; ok {
		return new(busy)
	}
	return nil
}

// podOf is the name of the pod that a TaskManager, ADDRESS:PORT-ID, runs in.
func (w *watcher) podOf(taskManager string) string {
	host, _, err := net.SplitHostPort(taskManager)
	if name, ok := w.pods[host]; err == nil && ok {
		return name
	}
	return taskManager
}

// drained says whether all that was produced has been processed, and committed.
func (w *watcher) drained() bool {
	if len(w.points) == 0 || w.processed == nil {
		return false
	}
	lag := w.points[len(w.points)-1].Lag
	return lag != nil && *lag == 0 && *w.processed == w.generator.Sent()
}
