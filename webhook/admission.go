package webhook

import (
	"context"

	corev1 "k8s.io/api/core/v1"
)

// Peers knows the Flink pods that are there.
type Peers interface {
	// Peers are those of the namespace, but for the ones that the workload made: a change of it replaces them.
	Peers(ctx context.Context, namespace string, except Workload) []Peer
}

// Surroundings find what is to be known of a pod besides itself. Safe for concurrent use.
type Surroundings struct {
	objects  *objectReader
	profiles *profileFile
	advice   adviceReader
}

// Facts reads what Mutate and Check want to know of pod in that namespace. It takes readTimeout at most, and what can't be read says so.
func (s Surroundings) Facts(ctx context.Context, namespace string, pod *corev1.Pod) Facts {
	return s.facts(ctx, namespace, pod, s.objects.read)
}

// comingFacts is Facts for a pod that is being made, with the memory that is advised: Flink's operator makes a JobManager's Deployment first, and the ConfigMap with its settings a moment later.
func (s Surroundings) comingFacts(ctx context.Context, namespace string, pod *corev1.Pod) Facts {
	read := s.objects.read
	if pod.Labels[labelType] == typeOperator {
		read = s.objects.readComing
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	advice := s.advice.read(ctx, namespace, pod)
	facts := s.facts(ctx, namespace, pod, read)
	facts.Advice = advice
	return facts
}

// facts are what read finds of the objects that the pod names, and its profile.
func (s Surroundings) facts(ctx context.Context, namespace string, pod *corev1.Pod, read func(context.Context, string, []ObjectKey) Objects) Facts {
	return Facts{
		Objects: read(ctx, namespace, References(pod)),
		Profile: s.profiles.profiles().For(namespace),
	}
}

// Admission answers what the API server asks about pods, and about what makes them.
type Admission struct {
	Surroundings
	peers   Peers
	metrics *Metrics
}

// NewAdmission puts it together.
func NewAdmission(surroundings Surroundings, peers Peers, metrics *Metrics) *Admission {
	return &Admission{Surroundings: surroundings, peers: peers, metrics: metrics}
}

// levelOf is the level at which an answer is logged that leaves an object as it was: one with warnings is news, another is not.
func levelOf(warnings []string) int {
	if len(warnings) > 0 {
		return 0
	}
	return 1
}
