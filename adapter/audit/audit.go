// Package audit writes down where people look when a job's number of TaskManagers has changed: in the log, and as Events on the HPAs
// that go by it.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/internal/events"
)

const (
	// ReasonChanged and ReasonOutcome are the reasons of the Events: of a change, and of what came of it.
	ReasonChanged = "DesiredTaskManagersChanged"
	ReasonOutcome = "DesiredTaskManagersOutcome"
	// ReasonRule is the reason of an Event of a change of a ScalingRule's number.
	ReasonRule = "ScalingRuleChanged"
	// ReasonMaxReplicas is the reason of an Event of an HPA whose maxReplicas is more than its job can make use of.
	ReasonMaxReplicas = "MaxReplicasNotUsable"
)

// Options of an Audit.
type Options struct {
	Events events.Writer // which needs create on events
	// Leads tells whether this replica writes Events: one is enough, and two that watch a job a moment apart would tell of different numbers.
	Leads func() bool
	// HPAs are those that go by the desired number of that Flink cluster.
	HPAs func(flink.Cluster) []*autoscalingv2.HorizontalPodAutoscaler
	// HPAsOn are those of a namespace that go by the metric of that name.
	HPAsOn func(namespace, metric string) []*autoscalingv2.HorizontalPodAutoscaler
}

// Audit writes down changes. It is safe for concurrent use.
type Audit struct {
	opts  Options
	queue workqueue.TypedRateLimitingInterface[*entry]
}

// entry is something to tell on some HPAs.
type entry struct {
	event events.Event
	hpas  func() []*autoscalingv2.HorizontalPodAutoscaler
}

// New returns an Audit that writes no Events before Run.
func New(opts Options) *Audit {
	limits := workqueue.DefaultTypedControllerRateLimiter[*entry]()
	return &Audit{opts: opts, queue: workqueue.NewTypedRateLimitingQueue(limits)}
}

// Changed takes in a change, or again one whose outcome is known. It logs it as one line, and doesn't wait for the Events.
func (a *Audit) Changed(ctx context.Context, cluster flink.Cluster, change flink.Change) {
	logger := klog.LoggerWithValues(klog.FromContext(ctx), "jobManager", cluster, "from", change.From, "to", change.To, "at", change.Time.UTC())
	event := events.Event{Reason: ReasonChanged, Note: change.Text(), Of: change.Time}
	if outcome := change.Outcome(); outcome != "" {
		logger.Info("Outcome of a change of the desired TaskManagers", "before", change.Before, "after", *change.After, "restartSeconds", change.Restart)
		event.Reason = ReasonOutcome
		event.Note = fmt.Sprintf("after %d to %d TaskManagers at %s: %s", change.From, change.To, change.Time.UTC().Format("15:04:05"), outcome)
	} else {
		logger.Info("Change of the desired TaskManagers", "bottleneck", change.Bottleneck, "reasons", change.Reasons, "before", change.Before)
	}
	a.add(event, func() []*autoscalingv2.HorizontalPodAutoscaler { return a.opts.HPAs(cluster) })
}

// RuleChanged takes in that the number of a ScalingRule, which has been logged, is another from at on. It doesn't wait for the Events.
func (a *Audit) RuleChanged(rule types.NamespacedName, from, to int32, reason string, at time.Time) {
	event := events.Event{Reason: ReasonRule, Note: fmt.Sprintf("ScalingRule %s: from %d to %d TaskManagers: %s", rule.Name, from, to, reason), Of: at}
	a.add(event, func() []*autoscalingv2.HorizontalPodAutoscaler { return a.opts.HPAsOn(rule.Namespace, rule.Name) })
}

// Memory takes in what is to be told, on those HPAs, of the memory of a job's TaskManagers. It doesn't wait for the Events.
func (a *Audit) Memory(hpas func() []*autoscalingv2.HorizontalPodAutoscaler, reason, note string, warning bool) {
	event := events.Event{Reason: reason, Note: note}
	if warning {
		event.Type = corev1.EventTypeWarning
	}
	a.add(event, hpas)
}

// MaxReplicas takes in that an HPA's maxReplicas is more than the number of TaskManagers of which its job could make use. It doesn't wait for
// the Event, and tells whether there will be one: only one replica writes it.
func (a *Audit) MaxReplicas(ctx context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, usable int) bool {
	if !a.opts.Leads() {
		return false
	}
	klog.FromContext(ctx).Info("maxReplicas is more than the job can make use of", "hpa", klog.KObj(hpa), "maxReplicas", hpa.Spec.MaxReplicas, "usable", usable)
	a.add(events.Event{Reason: ReasonMaxReplicas, Note: fmt.Sprintf(
		"maxReplicas is %d, and the job can make use of %d TaskManagers at most: max parallelism, the sources' partitions and the slots of a TaskManager allow no more",
		hpa.Spec.MaxReplicas, usable)}, func() []*autoscalingv2.HorizontalPodAutoscaler { return []*autoscalingv2.HorizontalPodAutoscaler{hpa} })
	return true
}

func (a *Audit) add(event events.Event, hpas func() []*autoscalingv2.HorizontalPodAutoscaler) {
	if !a.opts.Leads() {
		return
	}
	event.Type, event.Action = cmp.Or(event.Type, corev1.EventTypeNormal), "Decide"
	event.Note = strings.ToValidUTF8(event.Note[:min(len(event.Note), events.MaxNote)], "")
	a.queue.Add(&entry{event, hpas})
}

// Run writes Events until ctx ends.
func (a *Audit) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, a.queue.ShutDown)
	defer stop()
	lost := func(e *entry, err error) {
		klog.FromContext(ctx).Error(err, "A change has no Event", "reason", e.event.Reason, "note", e.event.Note)
	}
	for events.Next(ctx, a.queue, a.tell, lost) {
	}
}

// tell writes an Event on each HPA. After a failure the ones that were written are there already.
func (a *Audit) tell(ctx context.Context, e *entry) error {
	for _, hpa := range e.hpas() {
		event := e.event
		event.Regarding = corev1.ObjectReference{
			APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler", Namespace: hpa.Namespace, Name: hpa.Name, UID: hpa.UID,
		}
		if err := a.opts.Events.Write(ctx, event); err != nil {
			return err
		}
	}
	return nil
}
