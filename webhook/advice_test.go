package webhook

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
)

// memoryAdvice is one for a workload of the namespace shop.
func memoryAdvice(name string, injected any) *unstructured.Unstructured {
	status := map[string]any{"reason": "x"}
	if injected != nil {
		status["injected"] = injected
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "flink-hpa.dev/v1alpha1", "kind": "MemoryAdvice", "metadata": map[string]any{"namespace": "shop", "name": name}, "status": status,
	}}
}

func adviceOf(t *testing.T, pod *corev1.Pod, fail error, objects ...runtime.Object) Advice {
	t.Helper()
	client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{memoryAdvices(): "MemoryAdviceList"}, objects...)
	if fail != nil {
		client.PrependReactor("get", "memoryadvices", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, fail })
	}
	return adviceReader{client}.read(t.Context(), "shop", pod)
}

func ownedPod(kind, name, hash string) *corev1.Pod {
	pod := flinkPod("", "taskmanager")
	pod.Labels = map[string]string{LabelMemory: "enabled"}
	if hash != "" {
		pod.Labels["pod-template-hash"] = hash
	}
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, Controller: new(true)}}
	return pod
}

func TestTheAdviceOfAPodIsThatOfItsWorkload(t *testing.T) {
	deployed := ownedPod("ReplicaSet", "orders-5d9c7", "5d9c7")
	unasked := ownedPod("StatefulSet", "orders", "")
	unasked.Labels = nil
	for _, c := range []struct {
		name   string
		pod    *corev1.Pod
		advice *unstructured.Unstructured
		fail   error
		want   int64 // MiB
		err    string
	}{
		{"a Deployment's, through its ReplicaSet", deployed, memoryAdvice("orders", "1100Mi"), nil, 1100, ""},
		{"a StatefulSet's", ownedPod("StatefulSet", "orders", ""), memoryAdvice("orders", "1100Mi"), nil, 1100, ""},
		{"nothing is injected now", deployed, memoryAdvice("orders", nil), nil, 0, ""},
		{"another workload's", deployed, memoryAdvice("bills", "1100Mi"), nil, 0, ""},
		{"a pod that doesn't ask", unasked, memoryAdvice("orders", "1100Mi"), nil, 0, ""},
		{"a pod of nobody", &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{LabelMemory: "enabled"}}}, memoryAdvice("orders", "1100Mi"), nil, 0, ""},
		{"an API server in trouble", deployed, memoryAdvice("orders", "1100Mi"), errors.New("no leader"), 0, "no leader"},
		{"a size in another unit", deployed, memoryAdvice("orders", "2Gi"), nil, 0, `status.injected="2Gi" of MemoryAdvice orders is not in whole Mi: delete the object`},
		{"a size of none", deployed, memoryAdvice("orders", "0Mi"), nil, 0, "delete the object"},
		{"a size beyond reason", deployed, memoryAdvice("orders", "9223372036854775807Mi"), nil, 0, "delete the object"},
		{"a number", deployed, memoryAdvice("orders", int64(5)), nil, 0, "status.injected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := adviceOf(t, c.pod, c.fail, c.advice)
			if got.Process != c.want<<20 || (got.Err == nil) != (c.err == "") || got.Err != nil && !strings.Contains(got.Err.Error(), c.err) {
				t.Errorf("got %d, %v, want %d MiB, %q", got.Process, got.Err, c.want, c.err)
			}
		})
	}
}
