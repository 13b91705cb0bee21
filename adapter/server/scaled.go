package server

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/provider"
	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
)

// scaledEvery is how often the HPAs are looked through, so that a round of the jobs doesn't have to: which cluster a selector means is found
// among all JobManagers of a namespace.
const scaledEvery = 10 * time.Second

// scaled knows what the HPAs scale that go by desired numbers, or by ScalingRules that are about a job, and looks whether their jobs can use as
// many.
type scaled struct {
	clock clock.Clock
	// asking are the HPAs of a namespace that go by a metric, with their selectors; cluster is what a selector means; explain is the number's
	// explanation, of what is known without waiting when ctx has ended.
	asking  func(namespace, metric string) iter.Seq2[*autoscalingv2.HorizontalPodAutoscaler, labels.Selector]
	cluster func(namespace string, selector labels.Selector) (flink.Cluster, error)
	explain func(ctx context.Context, namespace string, selector labels.Selector, history bool) (flink.Explanation, error)
	// room is that of workloads, and tell tells of a maxReplicas that is of no use, if that is this replica's to tell.
	room func([]taskmanagers.Workload) *desired.Room
	tell func(ctx context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, usable int) bool

	// rules are those that are about a job, with the selector of that.
	rules func() map[types.NamespacedName]labels.Selector

	jobs atomic.Pointer[map[flink.Cluster]scaledJob]
	told map[excess]bool
}

// scaledJob is what HPAs scale for the job of a cluster.
type scaledJob struct {
	workloads []taskmanagers.Workload // each once
	hpas      []*autoscalingv2.HorizontalPodAutoscaler
}

// excess is a maxReplicas that was told of: for an HPA and what its job can use, once.
type excess struct {
	hpa    types.UID
	usable int
}

// run looks through the HPAs until ctx ends.
func (s *scaled) run(ctx context.Context) {
	for {
		s.look(ctx)
		next := s.clock.NewTimer(scaledEvery)
		select {
		case <-next.C():
		case <-ctx.Done():
			next.Stop()
			return
		}
	}
}

// roomOf is how many TaskManagers the job of a cluster can have; nil: any number, or none of its HPAs is known.
func (s *scaled) roomOf(cluster flink.Cluster) *desired.Room {
	workloads := s.workloadsOf(cluster)
	if len(workloads) == 0 {
		return nil
	}
	return s.room(workloads)
}

// workloadsOf are those that HPAs scale by what the job of that cluster needs, each once.
func (s *scaled) workloadsOf(cluster flink.Cluster) []taskmanagers.Workload {
	return s.of(cluster).workloads
}

// hpasOf are the HPAs that do.
func (s *scaled) hpasOf(cluster flink.Cluster) []*autoscalingv2.HorizontalPodAutoscaler {
	return s.of(cluster).hpas
}

func (s *scaled) of(cluster flink.Cluster) scaledJob {
	if jobs := s.jobs.Load(); jobs != nil {
		return (*jobs)[cluster]
	}
	return scaledJob{}
}

// each is each HPA that goes by what a job needs, with the selector of the job.
func (s *scaled) each() iter.Seq2[*autoscalingv2.HorizontalPodAutoscaler, labels.Selector] {
	return func(yield func(*autoscalingv2.HorizontalPodAutoscaler, labels.Selector) bool) {
		for hpa, selector := range s.asking(metav1.NamespaceAll, provider.DesiredTaskManagers) {
			if !yield(hpa, selector) {
				return
			}
		}
		for rule, selector := range s.rules() {
			for hpa := range s.asking(rule.Namespace, rule.Name) {
				if !yield(hpa, selector) {
					return
				}
			}
		}
	}
}

func (s *scaled) look(ctx context.Context) {
	now, end := context.WithCancel(ctx)
	end() // what isn't known now is looked at the next time
	jobs, told := map[flink.Cluster]scaledJob{}, map[excess]bool{}
	hpas := map[types.UID]bool{}
	for hpa, selector := range s.each() {
		cluster, err := s.cluster(hpa.Namespace, selector)
		hpas[hpa.UID] = true
		if err != nil {
			continue // the HPA's status says why
		}
		job := jobs[cluster]
		jobs[cluster] = scaledJob{added(job.workloads, workloadOf(hpa)), added(job.hpas, hpa)}
		explained, err := s.explain(now, hpa.Namespace, selector, false)
		usable := explained.Decision.Usable
		if over := (excess{hpa.UID, usable}); err == nil && usable > 0 && int(hpa.Spec.MaxReplicas) > usable && !s.told[over] {
			told[over] = s.tell(ctx, hpa, usable)
		}
	}
	for over := range s.told {
		if hpas[over.hpa] {
			told[over] = told[over] || s.told[over]
		}
	}
	s.told = told
	s.jobs.Store(&jobs)
}

// added has one once: two HPAs of one workload are a mistake that must not count its pods twice.
func added[T comparable](all []T, one T) []T {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// workloadOf is what makes the pods of what an HPA scales. Flink's operator makes a Deployment for a FlinkDeployment in standalone mode.
func workloadOf(hpa *autoscalingv2.HorizontalPodAutoscaler) taskmanagers.Workload {
	target := hpa.Spec.ScaleTargetRef
	if target.Kind == "FlinkDeployment" {
		target.Kind, target.Name = "Deployment", target.Name+"-taskmanager"
	}
	return taskmanagers.Workload{Namespace: hpa.Namespace, Kind: target.Kind, Name: target.Name}
}
