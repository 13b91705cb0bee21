package bench

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/bench/fleet"
)

const jobsInNamespace = 1000

func jobNamespace(job int) string { return fmt.Sprintf("jobs-%02d", job/jobsInNamespace) }

func jobName(job int) string { return fmt.Sprintf("job-%05d", job) }

// jobLabels are what a question selects a job by.
func jobLabels(job int) labels.Set { return labels.Set{"job": jobName(job)} }

// jobPods are pods of JobManagers in a bed. Kubernetes has them as Running; what answers at their addresses is a fleet.
type jobPods struct {
	client kubernetes.Interface
	etcd   etcd
	model  *corev1.Pod // that of job 0, made by the API server: the others are its copies
	jobs   int         // that have a pod
}

// newJobPods makes the pod of job 0 from a template, with REST at the fleet's port.
func newJobPods(ctx context.Context, b *bed.Bed, template *corev1.Pod, port int) (*jobPods, error) {
	store, err := etcdOf(b.Config)
	if err != nil {
		return nil, err
	}
	if err := createNamespace(ctx, b.Client, jobNamespace(0)); err != nil {
		return nil, err
	}
	template = template.DeepCopy()
	template.Namespace, template.Name, template.GenerateName = jobNamespace(0), jobName(0), ""
	template.Labels = labels.Merge(template.Labels, jobLabels(0))
	template.Spec.SchedulerName = "none" // a pod on a node would be the node's to report on
	for i, known := range template.Spec.Containers[0].Ports {
		if known.Name == "webui" {
			template.Spec.Containers[0].Ports[i].ContainerPort = int32(port)
		}
	}
	pods := b.Client.CoreV1().Pods(jobNamespace(0))
	model, err := pods.Create(ctx, template, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	model.Status.Phase = corev1.PodRunning
	setAddress(model, 0)
	if model, err = pods.UpdateStatus(ctx, model, metav1.UpdateOptions{}); err != nil {
		return nil, err
	}
	return &jobPods{client: b.Client, etcd: store, model: model, jobs: 1}, nil
}

// add makes pods until there are that many.
func (p *jobPods) add(ctx context.Context, upTo int) error {
	var objects []keyValue
	for job := p.jobs; job < upTo; job++ {
		if job%jobsInNamespace == 0 {
			if err := createNamespace(ctx, p.client, jobNamespace(job)); err != nil {
				return err
			}
		}
		object, err := stored(p.pod(job))
		if err != nil {
			return err
		}
		if objects = append(objects, object); len(objects) == etcdPuts || job == upTo-1 {
			if err := p.etcd.put(ctx, objects); err != nil {
				return fmt.Errorf("pods up to %s: %w", jobName(job), err)
			}
			objects = objects[:0]
		}
	}
	p.jobs = max(p.jobs, upTo)
	return nil
}

// pod is the model's copy for a job.
func (p *jobPods) pod(job int) *corev1.Pod {
	pod := p.model.DeepCopy()
	pod.Namespace, pod.Name, pod.UID = jobNamespace(job), jobName(job), uuid.NewUUID()
	pod.Labels = labels.Merge(pod.Labels, jobLabels(job))
	setAddress(pod, job)
	return pod
}

func setAddress(pod *corev1.Pod, job int) {
	pod.Status.PodIP = fleet.Address(job)
	pod.Status.PodIPs = []corev1.PodIP{{IP: pod.Status.PodIP}}
}

// createNamespace returns when pods can be made in it: the API server refuses them until there is a ServiceAccount.
func createNamespace(ctx context.Context, client kubernetes.Interface, name string) error {
	if _, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil, nil
	}); err != nil {
		return fmt.Errorf("wait for the ServiceAccount default in namespace %s: %w", name, err)
	}
	return nil
}
