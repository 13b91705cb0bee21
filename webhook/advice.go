package webhook

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// LabelMemory on a TaskManager pod, with the value "enabled", asks for the memory that the adapter advises.
const LabelMemory = "flink-hpa.dev/memory"

// Advice is the memory that a TaskManager that starts is to be given.
type Advice struct {
	Process int64 // bytes, whole MiB; 0: what its owner says
	Err     error // why that is unknown; a sentence with the way out
}

// adviceReader reads the MemoryAdvices that the adapter keeps.
type adviceReader struct {
	client dynamic.Interface
}

// memoryAdvices is where they are.
func memoryAdvices() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "flink-hpa.dev", Version: "v1alpha1", Resource: "memoryadvices"}
}

// asksForMemory tells whether the pod is to get what is advised.
func asksForMemory(pod *corev1.Pod) bool { return pod.Labels[LabelMemory] == "enabled" }

// read is what a pod of the namespace is to be given: nothing but what its owner says, where it doesn't ask.
func (r adviceReader) read(ctx context.Context, namespace string, pod *corev1.Pod) Advice {
	name := workloadName(pod)
	if !asksForMemory(pod) || name == "" {
		return Advice{}
	}
	found, err := r.client.Resource(memoryAdvices()).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err): // the adapter hasn't seen one of its pods yet, or there is no definition
		return Advice{}
	case errors.Is(err, context.DeadlineExceeded):
		return Advice{Err: errLate}
	case err != nil:
		return Advice{Err: err}
	}
	return adviceIn(found)
}

// adviceIn is what a MemoryAdvice says. Sizes are written in whole MiB.
func adviceIn(object *unstructured.Unstructured) Advice {
	text, set, err := unstructured.NestedString(object.Object, "status", "injected")
	if err != nil || !set {
		return Advice{Err: err}
	}
	mib, err := strconv.ParseInt(strings.TrimSuffix(text, "Mi"), 10, 64)
	if err != nil || !strings.HasSuffix(text, "Mi") || mib < 1 || mib > math.MaxInt64>>20 {
		return Advice{Err: fmt.Errorf("status.injected=%.40q of MemoryAdvice %s is not in whole Mi: delete the object, the adapter makes it anew", text, object.GetName())}
	}
	return Advice{Process: mib << 20}
}

// workloadName is the name of what an HPA scales: of the pod's controller, or of the Deployment whose ReplicaSet that is.
func workloadName(pod *corev1.Pod) string {
	controller := metav1.GetControllerOf(pod)
	if controller == nil {
		return ""
	}
	if hash := pod.Labels["pod-template-hash"]; controller.Kind == "ReplicaSet" && hash != "" {
		return strings.TrimSuffix(controller.Name, "-"+hash)
	}
	return controller.Name
}
