package flink

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/internal/events"
)

// ReasonNotInForce is the reason of the Event that tells of overrides.
const ReasonNotInForce = "FlinkSettingsNotInForce"

// Overrides tells which JobManagers run without what was injected into them: as a metric, and by an Event on the pod.
// It is safe for concurrent use.
type Overrides struct {
	events  events.Writer
	running func(JobManager) bool
	queue   workqueue.TypedRateLimitingInterface[JobManager]

	mu    sync.Mutex
	found map[JobManager][]Override // only those that have some
}

// NewOverrides knows of none. The Events name instance, this pod, as their author; running is Discovery's.
func NewOverrides(client kubernetes.Interface, running func(JobManager) bool, instance string, clock clock.PassiveClock) *Overrides {
	return &Overrides{
		events:  events.Writer{Client: client, Clock: clock, Controller: events.Adapter, Instance: instance},
		running: running,
		queue:   workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[JobManager]()),
		found:   map[JobManager][]Override{},
	}
}

// Compared takes in what was found out about a JobManager. It is for Options, and doesn't wait.
func (o *Overrides) Compared(jobManager JobManager, overrides []Override) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case len(overrides) == 0:
		delete(o.found, jobManager)
	case !slices.Equal(o.found[jobManager], overrides):
		o.found[jobManager] = overrides
		o.queue.Add(jobManager)
	}
}

// Run writes Events until ctx ends.
func (o *Overrides) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, o.queue.ShutDown)
	defer stop()
	lost := func(jobManager JobManager, err error) {
		klog.FromContext(ctx).Error(err, "Settings that are not in force are not told", "pod", klog.KRef(jobManager.Namespace, jobManager.Pod))
	}
	for events.Next(ctx, o.queue, o.tell, lost) {
	}
}

func (o *Overrides) tell(ctx context.Context, jobManager JobManager) error {
	o.mu.Lock()
	overrides := o.found[jobManager]
	o.mu.Unlock()
	if len(overrides) == 0 {
		return nil
	}
	return o.events.Write(ctx, events.Event{
		Regarding: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: jobManager.Namespace, Name: jobManager.Pod, UID: jobManager.UID},
		Type:      corev1.EventTypeWarning, Reason: ReasonNotInForce, Action: "Compare", Note: note(overrides),
	})
}

// note says what is in force in place of what was injected, as far as it fits.
func note(overrides []Override) string {
	var text strings.Builder
	text.WriteString("the job runs without settings that flink-hpa injected; find what overrides them in the image's configuration or entrypoint:")
	for i, override := range overrides {
		line := fmt.Sprintf("\n%s=%s is injected, and %q in force", override.Key, override.Injected, override.InForce)
		if override.InForce == "" {
			line = fmt.Sprintf("\n%s=%s is injected, and nothing in force", override.Key, override.Injected)
		}
		if more := fmt.Sprintf("\n%d more", len(overrides)-i); text.Len()+len(line)+len(more) > events.MaxNote {
			text.WriteString(more)
			break
		}
		text.WriteString(line)
	}
	return text.String()
}

// Describe implements prometheus.Collector.
func (o *Overrides) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- notInForce() }

// Collect implements prometheus.Collector. A pod without overrides has no series.
func (o *Overrides) Collect(metrics chan<- prometheus.Metric) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for jobManager, overrides := range o.found {
		if !o.running(jobManager) {
			delete(o.found, jobManager)
			continue
		}
		metrics <- prometheus.MustNewConstMetric(notInForce(), prometheus.GaugeValue, float64(len(overrides)), jobManager.Namespace, jobManager.Pod)
	}
}

func notInForce() *prometheus.Desc {
	return prometheus.NewDesc("flink_hpa_flink_settings_not_in_force",
		"Settings that the webhook injected into a JobManager's pod and that its running job doesn't have. Absent where there are none.",
		[]string{"namespace", "pod"}, nil)
}
