package demo

import (
	"context"
	"strings"
	"sync"
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
	"github.com/flink-hpa/flink-hpa/test/node"
	"github.com/flink-hpa/flink-hpa/test/report"
)

// Rates are averages over these. The group commits with each checkpoint, every 10 s in the sample.
const (
	arrivalWindow = 5 * time.Second
	commitWindow  = 20 * time.Second
)

// The metrics of the job that are plotted.
const (
	busyMetric     = "flink_busy_ratio"
	flinkLagMetric = "flink_kafka_lag"
	desiredMetric  = "flink_desired_taskmanagers"
)

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
	busyTarget  float64 // of the HPA; 0: it has none
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
		arrived: counter{window: arrivalWindow}, committed: counter{window: commitWindow},
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
	// Beside the rest: the adapter's first answer about a job may take seconds.
	var answers sync.WaitGroup
	answers.Go(func() { p.BusyRatio = w.answer(busyMetric) })
	answers.Go(func() { p.FlinkLag = w.answer(flinkLagMetric) })
	answers.Go(func() { p.TaskManagersDesired = w.answer(desiredMetric) })
	w.seeOffsets(&p, now)
	w.seeCluster(ctx, &p)
	w.seeJob(ctx, &p, now)
	answers.Wait()
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

// answer is what the HPA would get for a metric of the job, asked the way it asks; nil for an error. All of them are asked for in
// each run, whatever its HPA goes by: what is asked for is what the adapter polls.
func (w *watcher) answer(metric string) *float64 {
	selector := labels.SelectorFromSet(labels.Set{"app": "flink", "component": "jobmanager"})
	list, err := w.metrics.NamespacedMetrics(bed.SampleNamespace).List(metric, selector)
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
		p.HPA, w.busyTarget = says(hpa), busyTarget(hpa)
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
		if pod.Labels["component"] == "taskmanager" && node.IsReady(&pod) && pod.DeletionTimestamp == nil {
			p.TaskManagersRunning++
		}
	}
}

// busyTarget is what the HPA wants the busy ratio to be; 0 when it doesn't go by it.
func busyTarget(hpa *autoscalingv2.HorizontalPodAutoscaler) float64 {
	for _, metric := range hpa.Spec.Metrics {
		if e := metric.External; e != nil && e.Metric.Name == busyMetric && e.Target.Value != nil {
			return float64(e.Target.Value.MilliValue()) / 1000
		}
	}
	return 0
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

// drained says whether all that was produced has been processed, and committed.
func (w *watcher) drained() bool {
	if len(w.points) == 0 || w.processed == nil {
		return false
	}
	lag := w.points[len(w.points)-1].Lag
	return lag != nil && *lag == 0 && *w.processed == w.generator.Sent()
}
