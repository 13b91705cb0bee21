//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	externalmetrics "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/test/flinkrest"
)

const (
	haNamespace    = "flink-ha"
	haTaskManagers = 2
)

// The sample flink-ha: one Flink cluster with two JobManagers. The adapter asks the oldest first, which is made to stand by.
func TestAStandbyJobManagerAnswersAndTakesOver(t *testing.T) {
	t.Parallel()
	started := time.Now()
	startHA(t)
	leader := leads(t, func(corev1.Pod) bool { return true })
	oldest := jobManagersByAge(t)[0]
	if leader.UID == oldest.UID {
		signalHA(t, oldest, syscall.SIGSTOP)
		leader = leads(t, func(pod corev1.Pod) bool { return pod.UID != oldest.UID })
		signalHA(t, oldest, syscall.SIGKILL) // and so it starts again
	}
	eventually(t, 2*time.Minute, "the standby answers for the leader's job", func(ctx context.Context) error {
		_, err := restOf(oldest).Job(ctx)
		return err
	})
	isTold(t, started, started)

	silent := time.Now()
	signalHA(t, oldest, syscall.SIGSTOP)
	isTold(t, started, silent) // by the other, of the same job
	signalHA(t, oldest, syscall.SIGKILL)

	killed := time.Now()
	options := metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}
	if err := cluster.Client.CoreV1().Pods(haNamespace).Delete(t.Context(), leader.Name, options); err != nil {
		t.Fatal(err)
	}
	isRefused(t)
	leads(t, func(pod corev1.Pod) bool { return pod.UID != leader.UID })
	isTold(t, killed, killed)
	eventually(t, known, "the HPA goes by the number of the new leader's job", func(ctx context.Context) error {
		hpa, err := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(haNamespace).Get(ctx, "flink-taskmanager", metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range hpa.Status.Conditions {
			if condition.Type == autoscalingv2.ScalingActive && condition.LastTransitionTime.After(killed) && condition.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("its conditions are %v", hpa.Status.Conditions)
	})
}

// startHA installs the sample flink-ha and waits until both JobManagers run.
func startHA(t *testing.T) {
	t.Helper()
	makeTopic(t, "ha")
	folder := fill(t, "flink-ha.yaml", haNamespace+"/kustomization.yaml", map[string]string{"Shared": cluster.Dir(haNamespace)})
	applyWhole(t, folder, haNamespace)
	eventually(t, startsWithin, "both JobManagers listen", func(ctx context.Context) error {
		pods := jobManagersByAge(t)
		if len(pods) != 2 {
			return fmt.Errorf("there are %d", len(pods))
		}
		for _, pod := range pods {
			if _, err := restOf(pod).Config(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func jobManagersByAge(t *testing.T) []corev1.Pod {
	t.Helper()
	pods, err := cluster.Client.CoreV1().Pods(haNamespace).List(t.Context(), metav1.ListOptions{LabelSelector: jobManagerLabels})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int {
		if age := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); age != 0 {
			return age
		}
		return strings.Compare(a.Name, b.Name)
	})
	return pods.Items
}

func restOf(pod corev1.Pod) *flinkrest.Client {
	return flinkrest.New(net.JoinHostPort(pod.Status.PodIP, "8081"))
}

// leads waits until a JobManager that is as wanted leads, and the job runs on all TaskManagers.
func leads(t *testing.T, wanted func(corev1.Pod) bool) corev1.Pod {
	t.Helper()
	var leader corev1.Pod
	eventually(t, startsWithin, "a JobManager leads and the job runs", func(ctx context.Context) error {
		config, err := cluster.Client.CoreV1().ConfigMaps(haNamespace).Get(ctx, haNamespace+"-cluster-config-map", metav1.GetOptions{})
		if err != nil {
			return err
		}
		address := config.Data["org.apache.flink.k8s.leader.dispatcher"]
		pods := jobManagersByAge(t)
		i := slices.IndexFunc(pods, func(pod corev1.Pod) bool { return strings.Contains(address, "@"+pod.Status.PodIP+":") })
		if i < 0 || !wanted(pods[i]) {
			return fmt.Errorf("the leader is %q", address)
		}
		leader = pods[i]
		job, err := restOf(leader).Job(ctx)
		if err == nil && (!job.AllRun() || job.Parallelism() != haTaskManagers) {
			err = fmt.Errorf("the job is %s at parallelism %d", job.State, job.Parallelism())
		}
		return err
	})
	return leader
}

// signalHA sends a JobManager a signal: one that is stopped is as dumb as one whose node is lost.
func signalHA(t *testing.T, pod corev1.Pod, signal syscall.Signal) {
	t.Helper()
	if err := cluster.Signal(pod, signal); err != nil {
		t.Fatal(err)
	}
}

// isTold waits until the job is told of as it is after that time, and sees to it that it has settled and runs since no earlier than
// a time.
func isTold(t *testing.T, since, after time.Time) {
	t.Helper()
	eventually(t, 3*time.Minute, "the job is told of", func(ctx context.Context) error {
		busy, at, err := readHA(ctx, busyMetric)
		if err != nil {
			return err
		}
		if !at.After(after) {
			return fmt.Errorf("the busy ratio is of %s before", after.Sub(at))
		}
		job, err := restOf(leads(t, func(corev1.Pod) bool { return true })).Job(ctx)
		if err != nil {
			return err
		}
		if runs := at.Sub(job.RunningFrom); job.RunningFrom.Before(since) || runs < settled {
			t.Fatalf("the busy ratio is told as %v of a job that runs for %s", busy, runs.Round(time.Second))
		}
		if busy > 0.5 {
			t.Errorf("a job without records is busy %v", busy)
		}
		n, _, err := readHA(ctx, "flink_taskmanagers")
		if err == nil && n != haTaskManagers {
			err = fmt.Errorf("flink_taskmanagers is %v", n)
		}
		return err
	})
}

// isRefused waits until the adapter says that it doesn't know.
func isRefused(t *testing.T) {
	t.Helper()
	eventually(t, time.Minute, "the job is not told of", func(ctx context.Context) error {
		busy, _, err := readHA(ctx, busyMetric)
		if err == nil {
			return fmt.Errorf("the busy ratio is %v", busy)
		}
		return nil
	})
}

// readHA is a metric of the cluster, and the time that it is of.
func readHA(ctx context.Context, metric string) (float64, time.Time, error) {
	answer, err := raw(ctx, haNamespace, metric, strings.NewReplacer("=", "%3D", ",", "%2C").Replace(jobManagerLabels))
	if err != nil {
		return 0, time.Time{}, err
	}
	var list externalmetrics.ExternalMetricValueList
	if err := json.Unmarshal([]byte(answer), &list); err != nil {
		return 0, time.Time{}, err
	}
	if len(list.Items) != 1 {
		return 0, time.Time{}, fmt.Errorf("%d items, not one: %s", len(list.Items), answer)
	}
	return list.Items[0].Value.AsApproximateFloat64(), list.Items[0].Timestamp.Time, nil
}
