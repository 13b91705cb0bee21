package node

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func testPod(namespace, name, ip string, ready bool) *corev1.Pod {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": "flink"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "main", Ports: []corev1.ContainerPort{{Name: "webui", ContainerPort: 8081}},
		}}},
		Status: corev1.PodStatus{PodIP: ip, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}},
	}
}

func testService(namespace, name, ip string, port corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ServiceSpec{ClusterIP: ip, Selector: map[string]string{"app": "flink"}, Ports: []corev1.ServicePort{port}},
	}
}

func TestRoutes(t *testing.T) {
	byName := corev1.ServicePort{Port: 80, TargetPort: intstr.FromString("webui")}
	external := testService("a", "s", "", byName)
	external.Spec.Type, external.Spec.ExternalName = corev1.ServiceTypeExternalName, "127.9.128.2"
	elsewhere := testService("a", "s", "", byName)
	elsewhere.Spec.Type, elsewhere.Spec.ExternalName = corev1.ServiceTypeExternalName, "example.org"
	ready, other, waiting := testPod("a", "p1", "127.9.1.1", true), testPod("b", "p2", "127.9.1.2", true), testPod("a", "p3", "127.9.1.3", false)
	ending := testPod("a", "p4", "127.9.1.4", true)
	ending.DeletionTimestamp = &metav1.Time{}
	for _, test := range []struct {
		name    string
		service *corev1.Service
		pods    []*corev1.Pod
		want    map[string][]string
	}{
		{"a named port leads to the container's", testService("a", "s", "127.9.128.5", byName), []*corev1.Pod{ready},
			map[string][]string{"127.9.128.5:80": {"127.9.1.1:8081"}}},
		{"a port without target leads to itself", testService("a", "s", "127.9.128.5", corev1.ServicePort{Port: 6123}), []*corev1.Pod{ready},
			map[string][]string{"127.9.128.5:6123": {"127.9.1.1:6123"}}},
		{"pods that aren't ready, or are in another namespace, don't count", testService("a", "s", "127.9.128.5", byName), []*corev1.Pod{other, waiting},
			map[string][]string{}},
		{"a pod that ends doesn't count any more, though it still answers", testService("a", "s", "127.9.128.5", byName), []*corev1.Pod{ready, ending},
			map[string][]string{"127.9.128.5:80": {"127.9.1.1:8081"}}},
		{"an external name that is an address here is served", external, []*corev1.Pod{ready},
			map[string][]string{"127.9.128.2:80": {"127.9.1.1:8081"}}},
		{"an external name elsewhere is not", elsewhere, []*corev1.Pod{ready}, map[string][]string{}},
		{"a headless Service has no address", testService("a", "s", corev1.ClusterIPNone, byName), []*corev1.Pod{ready}, map[string][]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ours := func(ip string) bool { return strings.HasPrefix(ip, "127.9.") }
			if diff := cmp.Diff(test.want, routes([]*corev1.Service{test.service}, test.pods, ours)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHosts(t *testing.T) {
	port := corev1.ServicePort{Port: 80}
	services := []*corev1.Service{testService("a", "near", "127.9.128.5", port), testService("b", "far", "127.9.128.6", port),
		testService("a", "headless", corev1.ClusterIPNone, port)}
	pods := []*corev1.Pod{testPod("a", "p1", "127.9.1.1", true), testPod("a", "p2", "127.9.1.2", false)}
	want := `127.0.0.1 localhost machine
127.9.128.5 near near.a near.a.svc near.a.svc.cluster.local
127.9.128.6 far.b far.b.svc far.b.svc.cluster.local
127.9.1.1 headless headless.a headless.a.svc headless.a.svc.cluster.local
127.9.1.1 p1
127.9.1.2 p2
`
	if diff := cmp.Diff(want, hosts("a", "machine", services, pods)); diff != "" {
		t.Error(diff)
	}
}
