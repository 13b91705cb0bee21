package flink

import (
	"fmt"
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/pods"
)

const (
	// AnnotationRESTTLS is for JobManager pods whose REST API is https: the DNS name that its certificate is for, such as
	// a Service's. Without it, or when it is empty, REST is plain http.
	AnnotationRESTTLS = "flink-hpa.dev/rest-tls"
	defaultRESTPort   = 8081
)

// Cluster is one Flink cluster: all JobManager pods of one workload, at any time. There are several pods with high
// availability (a leader and standbys) and during a rolling update. It outlives its pods: a Job that takes the place of
// a finished one of the same name is the same cluster.
type Cluster struct {
	Namespace  string
	Kind, Name string // of the pods' workload; of the pod itself if it has no controller
}

// String names the workload, for messages.
func (c Cluster) String() string { return "JobManager " + c.Kind + " " + c.Namespace + "/" + c.Name }

// JobManager is one JobManager pod in one life: another pod under the same name is another JobManager.
type JobManager struct {
	Namespace, Pod string
	UID            types.UID
	Address        string // host:port of its REST API
	TLSName        string // as AnnotationRESTTLS says it, not checked; empty for plain http
}

// String names the pod, for messages.
func (j JobManager) String() string { return "JobManager pod " + j.Namespace + "/" + j.Pod }

// Target is where and how to reach the REST API. A TLSName that is no DNS name is an error that names the annotation:
// one pod that is annotated wrongly must not hide the others of its cluster.
func (j JobManager) Target() (rest.Target, error) {
	if j.TLSName != "" && len(validation.IsDNS1123Subdomain(j.TLSName)) > 0 {
		return rest.Target{}, fmt.Errorf("annotation %s=%q of %s is not a DNS name; set it to the one name, in lower case and without wildcard, that the REST API's certificate is for, such as flink-rest.shop.svc",
			AnnotationRESTTLS, j.TLSName, j)
	}
	return rest.Target{Address: j.Address, TLSName: j.TLSName}, nil
}

// clusterOf is the cluster that a JobManager pod belongs to.
func clusterOf(pod *corev1.Pod) Cluster { return Cluster(pods.WorkloadOf(pod)) }

func jobManager(pod *corev1.Pod) JobManager {
	return JobManager{
		Namespace: pod.Namespace, Pod: pod.Name, UID: pod.UID,
		Address: net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(restPort(pod))),
		TLSName: pod.Annotations[AnnotationRESTTLS],
	}
}

// reachable tells whether REST calls to the pod make sense.
func reachable(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil && pod.Status.PodIP != ""
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

// strip keeps of a pod what is used here. A Kubernetes cluster may have thousands of JobManagers.
func strip(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	small := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
			Labels: pod.Labels, CreationTimestamp: pod.CreationTimestamp, DeletionTimestamp: pod.DeletionTimestamp,
		},
		Status: corev1.PodStatus{Phase: pod.Status.Phase, PodIP: pod.Status.PodIP},
	}
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		small.OwnerReferences = []metav1.OwnerReference{{Kind: owner.Kind, Name: owner.Name, Controller: owner.Controller}}
	}
	for _, name := range []string{annotationInjected, AnnotationRESTTLS} {
		if value := pod.Annotations[name]; value != "" {
			metav1.SetMetaDataAnnotation(&small.ObjectMeta, name, value)
		}
	}
	for _, container := range pod.Spec.Containers {
		if len(container.Ports) > 0 {
			small.Spec.Containers = append(small.Spec.Containers, corev1.Container{Ports: container.Ports})
		}
	}
	return small, nil
}
