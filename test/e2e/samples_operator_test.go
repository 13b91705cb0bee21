//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/test/flinkrest"
	"github.com/flink-hpa/flink-hpa/test/load"
)

const (
	operatorNamespace   = "flink-operator"
	deploymentNamespace = "flink-deployment"
	deploymentName      = "lag-job" // of the FlinkDeployment, and its HPA
)

// The sample flink-operator, run by Flink's own operator: the HPA changes the FlinkDeployment, and the operator the replicas of the
// TaskManagers' Deployment, not the job.
func TestTheHPAScalesAFlinkDeploymentOfFlinksOperator(t *testing.T) {
	t.Parallel()
	defineFlinkDeployments(t)
	sampleIsTaken(t, "flink-operator", "flinkdeployment.flink.apache.org/lag-job")
	if err := cluster.FetchFlink(t.Context(), "1.20.5"); err != nil {
		t.Fatal(err)
	}
	makeTopic(t, "deployment")
	folder := fill(t, "flink-deployment.yaml", deploymentNamespace+"/kustomization.yaml", nil)
	applyWhole(t, folder, deploymentNamespace, "--server-side")
	t.Cleanup(letTheOperatorGo(t))
	operator := fill(t, "flink-operator.yaml", operatorNamespace+"/operator.yaml", nil)
	if _, err := cluster.Run(t.Context(), "apply", "-f", operator); err != nil {
		t.Fatal(err)
	}

	var flink *flinkrest.Client
	eventually(t, startsWithin, "the operator has made the job's Service", func(ctx context.Context) error {
		service, err := cluster.Client.CoreV1().Services(deploymentNamespace).Get(ctx, deploymentName+"-rest", metav1.GetOptions{})
		if err == nil {
			flink = flinkrest.New(net.JoinHostPort(service.Spec.ClusterIP, "8081"))
		}
		return err
	})
	eventually(t, startsWithin, "the job runs on one TaskManager", runsOn(flink, 1))
	first, err := flink.Job(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	config, err := flink.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if config["heartbeat.timeout"] != "8000" || config["heartbeat.interval"] != "2000" {
		t.Errorf("the JobManager runs with heartbeat.timeout=%q, heartbeat.interval=%q", config["heartbeat.timeout"], config["heartbeat.interval"])
	}
	for _, component := range []string{"component=jobmanager", "component=taskmanager"} {
		pod, err := podOf(t.Context(), deploymentNamespace, component)
		if err != nil {
			t.Fatal(err)
		}
		if injected := pod.Annotations["flink-hpa.dev/injected"]; injected != "" {
			t.Errorf("the FlinkDeployment says it all, and the webhook gave the pod %s %s", pod.Name, injected)
		}
	}

	const rate = 600 // records/s: one and a half of what one TaskManager does
	produceTo(t, "deployment", load.Step{From: rate, To: rate, At: time.Second})
	eventually(t, 4*time.Minute, "the HPA asks for two TaskManagers, and the operator makes them", func(ctx context.Context) error {
		deployment, err := cluster.Client.AppsV1().Deployments(deploymentNamespace).Get(ctx, deploymentName+"-taskmanager", metav1.GetOptions{})
		if err != nil {
			return err
		}
		asked, err := cluster.Run(ctx, "get", "flinkdeployment", "-n", deploymentNamespace, deploymentName, "-o", "jsonpath={.spec.taskManager.replicas}")
		if err == nil && (asked != "2" || *deployment.Spec.Replicas != 2) {
			err = fmt.Errorf("%s is asked for, the Deployment has %d; the HPA says %v", asked, *deployment.Spec.Replicas, saysOf(ctx))
		}
		return err
	})
	eventually(t, 2*time.Minute, "the job runs on two TaskManagers", runsOn(flink, 2))
	if now, err := flink.Job(t.Context()); err != nil || now.ID != first.ID {
		t.Errorf("the job was %s and is %s, %v: the operator has made it anew", first.ID, now.ID, err)
	}
	eventually(t, time.Minute, "the HPA sees through the scale subresource what it has done", func(ctx context.Context) error {
		hpa, err := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(deploymentNamespace).Get(ctx, deploymentName, metav1.GetOptions{})
		if err == nil && hpa.Status.CurrentReplicas != 2 {
			err = fmt.Errorf("current replicas are %d", hpa.Status.CurrentReplicas)
		}
		return err
	})

	output, err := cluster.Run(t.Context(), "apply", "--server-side", "-k", folder)
	if err == nil || !strings.Contains(output, ".spec.taskManager.replicas") {
		t.Errorf("to apply the sample again is no conflict over the replicas: %v\n%s", err, output)
	}
}

// runsOn is content when the job runs on that many TaskManagers.
func runsOn(flink *flinkrest.Client, n int) func(context.Context) error {
	return func(ctx context.Context) error {
		job, err := flink.Job(ctx)
		if err == nil && (!job.AllRun() || job.Parallelism() != n) {
			err = fmt.Errorf("it is %s at parallelism %d", job.State, job.Parallelism())
		}
		return err
	}
}

// saysOf are the messages of the FlinkDeployment's HPA.
func saysOf(ctx context.Context) (messages []string) {
	hpa, err := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(deploymentNamespace).Get(ctx, deploymentName, metav1.GetOptions{})
	if err != nil {
		return []string{err.Error()}
	}
	for _, condition := range hpa.Status.Conditions {
		messages = append(messages, string(condition.Type)+": "+condition.Message)
	}
	return messages
}

// defineFlinkDeployments makes the API server know the resources of Flink's operator. It may be asked twice, and leaves them there.
func defineFlinkDeployments(t *testing.T) {
	t.Helper()
	crds, err := cluster.FetchFlinkOperator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"apply", "--server-side"}
	for _, file := range crds {
		args = append(args, "-f", file)
	}
	eventually(t, 2*time.Minute, "the API server takes the definitions", func(ctx context.Context) error { // which are large, while much else starts
		_, err := cluster.Run(ctx, args...)
		return err
	})
	eventually(t, time.Minute, "the API server serves them", func(ctx context.Context) error {
		_, err := cluster.Run(ctx, "get", "flinkdeployments", "-A")
		return err
	})
}

// letTheOperatorGo ends the FlinkDeployment while the operator is there, whose finalizer it carries, and then the operator.
func letTheOperatorGo(t *testing.T) func() {
	return func() {
		ctx := context.WithoutCancel(t.Context())
		_, err := cluster.Run(ctx, "delete", "flinkdeployment", "-n", deploymentNamespace, deploymentName, "--timeout=1m")
		_, gone := cluster.Run(ctx, "delete", "namespace", operatorNamespace, "--wait=false")
		if err := errors.Join(err, gone); err != nil {
			t.Error(err)
		}
	}
}
