package bed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/test/flinkrest"
)

// Names in manifests/samples.
const (
	SampleNamespace   = "flink-demo"
	SampleTaskManager = "flink-taskmanager" // the Deployment, and its HPA
	SampleGroup       = "flink-demo"        // consumer group
	sampleService     = "flink-jobmanager"
	sampleWithin      = 2 * time.Minute
)

// Policies are what the sample's HPA can go by instead of what its own hpa.yaml says: each is a folder hpa-POLICY beside the
// sample.
func Policies() []string { return []string{"lag", "busy", "desired"} }

// ApplySample installs the sample as it is, and returns when its job runs and its TaskManager is ready.
func (b *Bed) ApplySample(ctx context.Context) (*flinkrest.Client, error) {
	return b.applySample(ctx, "flink-reactive")
}

// ApplySampleWith is ApplySample with an HPA that goes by one of Policies.
func (b *Bed) ApplySampleWith(ctx context.Context, policy string) (*flinkrest.Client, error) {
	return b.applySample(ctx, "hpa-"+policy)
}

func (b *Bed) applySample(ctx context.Context, folder string) (*flinkrest.Client, error) {
	if _, err := b.Run(ctx, "apply", "-k", filepath.Join(b.layout.root, "manifests", "samples", folder)); err != nil {
		return nil, err
	}
	client, err := b.runningJob(ctx, SampleNamespace, sampleService)
	if err != nil {
		return nil, err
	}
	return client, b.until(ctx, sampleWithin, "a TaskManager is ready", func(ctx context.Context) error {
		deployment, err := b.Client.AppsV1().Deployments(SampleNamespace).Get(ctx, SampleTaskManager, metav1.GetOptions{})
		if err == nil && deployment.Status.ReadyReplicas == 0 {
			err = errors.New("the Deployment has no ready pod")
		}
		return err
	})
}

// runningJob waits until the job of the JobManager behind a Service runs, and returns a client of its REST.
func (b *Bed) runningJob(ctx context.Context, namespace, service string) (*flinkrest.Client, error) {
	object, err := b.Client.CoreV1().Services(namespace).Get(ctx, service, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	client := flinkrest.New(net.JoinHostPort(object.Spec.ClusterIP, "8081"))
	err = b.until(ctx, sampleWithin, "the job in "+namespace+" runs", func(ctx context.Context) error {
		job, err := client.Job(ctx)
		if err != nil {
			return err
		}
		if job.State != "RUNNING" {
			return fmt.Errorf("job %s is %s", job.ID, job.State)
		}
		if ids, err := client.TaskManagers(ctx); err != nil || len(ids) == 0 {
			return errors.Join(errors.New("no TaskManager is registered"), err)
		}
		return nil
	})
	return client, err
}
