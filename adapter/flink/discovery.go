package flink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// ErrNotFound is wrapped by every error that says that what was asked for isn't there, as opposed to out of reach.
var ErrNotFound = errors.New("not found")

// errNotSynced is for the moment after the start.
var errNotSynced = errors.New("the list of JobManager pods has not been read from Kubernetes yet")

const (
	// jobManagerLabel is the label that Flink's documentation gives its JobManager pods.
	jobManagerLabel = "component=jobmanager"
	defaultRESTPort = 8081
)

// JobManager is one JobManager pod in one life: another pod under the same name is another JobManager.
type JobManager struct {
	Namespace, Pod string
	UID            types.UID
	Address        string // host:port of its REST API
}

// String names the pod, for messages.
func (j JobManager) String() string { return "JobManager pod " + j.Namespace + "/" + j.Pod }

// Discovery knows the JobManager pods of the cluster. It reads from memory only.
type Discovery struct {
	factory informers.SharedInformerFactory
	pods    corelisters.PodLister
	synced  cache.InformerSynced
}

// NewDiscovery returns a Discovery that knows nothing until Start.
func NewDiscovery(client kubernetes.Interface) *Discovery {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0,
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = jobManagerLabel }),
		informers.WithTransform(strip))
	pods := factory.Core().V1().Pods()
	return &Discovery{factory: factory, pods: pods.Lister(), synced: pods.Informer().HasSynced}
}

// Start watches the pods until ctx ends. It returns at once.
func (d *Discovery) Start(ctx context.Context) { d.factory.StartWithContext(ctx) }

// Synced is nil once the pods have been listed.
func (d *Discovery) Synced() error {
	if !d.synced() {
		return errNotSynced
	}
	return nil
}

// Find returns the one running JobManager whose labels match the selector, in that namespace only. None is
// ErrNotFound; several are an error that names them.
func (d *Discovery) Find(namespace string, selector labels.Selector) (JobManager, error) {
	if err := d.Synced(); err != nil {
		return JobManager{}, err
	}
	pods, err := d.pods.Pods(namespace).List(selector)
	if err != nil {
		return JobManager{}, err
	}
	pods = slices.DeleteFunc(pods, func(pod *corev1.Pod) bool { return !reachable(pod) })
	switch len(pods) {
	case 0:
		return JobManager{}, fmt.Errorf("%w: no running pod with the label %s in namespace %q matches the selector %q",
			ErrNotFound, jobManagerLabel, namespace, selector)
	case 1:
		return jobManager(pods[0]), nil
	}
	names := make([]string, len(pods))
	for i, pod := range pods {
		names[i] = pod.Name
	}
	slices.Sort(names)
	return JobManager{}, fmt.Errorf("several JobManager pods in namespace %q match the selector %q: %s; select one job by its labels",
		namespace, selector, strings.Join(names, ", "))
}

// Running tells whether a JobManager that was found is still there.
func (d *Discovery) Running(j JobManager) bool {
	pod, err := d.pods.Pods(j.Namespace).Get(j.Pod)
	return err == nil && reachable(pod) && jobManager(pod) == j
}

// Injected is what the webhook injected into the pod of a JobManager that was found, as its annotation says it.
func (d *Discovery) Injected(j JobManager) string {
	pod, err := d.pods.Pods(j.Namespace).Get(j.Pod)
	if err != nil || pod.UID != j.UID {
		return ""
	}
	return pod.Annotations[annotationInjected]
}

func reachable(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil && pod.Status.PodIP != ""
}

func jobManager(pod *corev1.Pod) JobManager {
	return JobManager{Namespace: pod.Namespace, Pod: pod.Name, UID: pod.UID, Address: net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(restPort(pod)))}
}

// restPort is the container port by one of the names that Flink's documentation, operator and charts give it.
func restPort(pod *corev1.Pod) int {
	for _, name := range []string{"webui", "rest", "ui"} {
		for _, container := range pod.Spec.Containers {
			for _, port := range container.Ports {
				if port.Name == name {
					return int(port.ContainerPort)
				}
			}
		}
	}
	return defaultRESTPort
}

// strip keeps of a pod what is used here. A cluster may have thousands of JobManagers.
func strip(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	small := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
			Labels: pod.Labels, DeletionTimestamp: pod.DeletionTimestamp,
		},
		Status: corev1.PodStatus{Phase: pod.Status.Phase, PodIP: pod.Status.PodIP},
	}
	if injected := pod.Annotations[annotationInjected]; injected != "" {
		small.Annotations = map[string]string{annotationInjected: injected}
	}
	for _, container := range pod.Spec.Containers {
		if len(container.Ports) > 0 {
			small.Spec.Containers = append(small.Spec.Containers, corev1.Container{Ports: container.Ports})
		}
	}
	return small, nil
}
