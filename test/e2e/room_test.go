//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/adapter/audit"
	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
)

// oneForEachNode keeps a second TaskManager from the bed's one node. The label is new, so the pod from before doesn't keep the first one away.
const oneForEachNode = `{"spec":{"template":{"metadata":{"labels":{"room":"one"}},"spec":{"affinity":{"podAntiAffinity":{
	"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"room":"one"}}}]}}}}}}`

func TestNoMoreTaskManagersAreAskedForThanThereIsRoomFor(t *testing.T) {
	t.Parallel()
	const (
		most = 3   // replicas that its HPA may ask for at first
		rate = 500 // records/s; one TaskManager does 125
	)
	j := startJob(t, jobSpec{Name: "flink-room", Topic: "room", TaskManagers: 1, Scaled: true, Micros: 8000})
	j.patch(t, "hpa/", fmt.Sprintf(`{"spec":{"maxReplicas":%d}}`, most))
	j.patch(t, "deployment/", oneForEachNode)
	if _, err := cluster.Run(t.Context(), "rollout", "status", "-n", j.Name, "deployment/"+bed.SampleTaskManager, "--timeout=4m"); err != nil {
		t.Fatal(err)
	}
	j.runs(t)

	lift := j.quota(t, 2) // pods: the JobManager and one TaskManager
	produceTo(t, j.Topic, load.Step{From: rate, To: rate, At: time.Second})
	eventually(t, startsWithin, "more are needed than the quota allows", j.stays(1, desired.LimitedByQuota))
	always(t, 20*time.Second, "the number stays", j.tells(desiredMetric, 1, 1))

	lift()
	eventually(t, startsWithin, "more are needed than find a node", j.stays(most, desired.HeldByRoom))
	j.patch(t, "hpa/", `{"spec":{"maxReplicas":1000}}`)
	always(t, 30*time.Second, "the number stays, and so do the pods that wait for a node", j.tells(desiredMetric, most, most))
	eventually(t, time.Minute, "an Event tells that the job can't use so many", j.hasOneEvent(audit.ReasonMaxReplicas, "maxReplicas is 1000, and the job can make use of "))
	always(t, 25*time.Second, "it is told once", j.hasOneEvent(audit.ReasonMaxReplicas, "maxReplicas is 1000, and the job can make use of "))
}

// patch changes what belongs to the job's TaskManagers.
func (j flinkJob) patch(t *testing.T, kind, patch string) {
	t.Helper()
	if _, err := cluster.Run(t.Context(), "patch", "-n", j.Name, kind+bed.SampleTaskManager, "-p", patch); err != nil {
		t.Fatal(err)
	}
}

// quota allows so many pods in the job's namespace, and is in force when it returns. The function that it returns takes it away.
func (j flinkJob) quota(t *testing.T, pods int64) (lift func()) {
	t.Helper()
	quotas := cluster.Client.CoreV1().ResourceQuotas(j.Name)
	if _, err := quotas.Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "team"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(pods, resource.DecimalSI)}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the quota counts the pods that there are", func(ctx context.Context) error {
		quota, err := quotas.Get(ctx, "team", metav1.GetOptions{})
		if err == nil && quota.Status.Used.Pods().Value() != pods {
			err = fmt.Errorf("of %s it has counted %s", quota.Status.Hard.Pods(), quota.Status.Used.Pods())
		}
		return err
	})
	return func() {
		t.Helper()
		if err := quotas.Delete(t.Context(), "team", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// stays is content when so many TaskManagers are wanted, with that among the reasons.
func (j flinkJob) stays(taskManagers float64, code desired.Code) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := j.tells(desiredMetric, taskManagers, taskManagers)(ctx); err != nil {
			return err
		}
		codes, err := j.reasons(ctx)
		if err == nil && !slices.Contains(codes, string(code)) {
			err = fmt.Errorf("the reasons are %v; %s is not among them", codes, code)
		}
		return err
	}
}

// hasOneEvent is content when one Event on the job's HPA has that reason, and a note that begins so.
func (j flinkJob) hasOneEvent(reason, note string) func(context.Context) error {
	return func(ctx context.Context) error {
		events, err := cluster.Client.EventsV1().Events(j.Name).List(ctx, metav1.ListOptions{FieldSelector: "reason=" + reason})
		if err != nil {
			return err
		}
		if n := len(events.Items); n != 1 || !strings.HasPrefix(events.Items[0].Note, note) || events.Items[0].Regarding.Kind != "HorizontalPodAutoscaler" {
			return fmt.Errorf("there are %d Events: %+v", n, events.Items)
		}
		return nil
	}
}
