package flink

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

func TestTheClusterOfAPod(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*corev1.Pod)
		want   string
	}{
		{"a pod without a controller", func(*corev1.Pod) {}, "JobManager Pod shop/orders-0"},
		{"an owner that is no controller", func(p *corev1.Pod) {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: "ConfigMap", Name: "other"}}
		}, "JobManager Pod shop/orders-0"},
		{"a Job", func(p *corev1.Pod) { of(p, "Job", "orders") }, "JobManager Job shop/orders"},
		{"a StatefulSet", func(p *corev1.Pod) { of(p, "StatefulSet", "orders") }, "JobManager StatefulSet shop/orders"},
		{"a StatefulSet named as if it had a hash", func(p *corev1.Pod) { ofDeployment(p, "orders", "5d9c7"); p.OwnerReferences[1].Kind = "StatefulSet" }, "JobManager StatefulSet shop/orders-5d9c7"},
		{"another controller", func(p *corev1.Pod) { of(p, "Rollout", "orders") }, "JobManager Rollout shop/orders"},
		{"a Deployment", func(p *corev1.Pod) { ofDeployment(p, "orders", "5d9c7") }, "JobManager Deployment shop/orders"},
		{"a ReplicaSet of its own", func(p *corev1.Pod) { of(p, "ReplicaSet", "orders-5d9c7") }, "JobManager ReplicaSet shop/orders-5d9c7"},
		{"a ReplicaSet whose name ends otherwise", func(p *corev1.Pod) { of(p, "ReplicaSet", "orders-x5d9c7"); p.Labels["pod-template-hash"] = "5d9c7" }, "JobManager ReplicaSet shop/orders-x5d9c7"},
		{"a ReplicaSet that is only a hash", func(p *corev1.Pod) { of(p, "ReplicaSet", "-5d9c7"); p.Labels["pod-template-hash"] = "5d9c7" }, "JobManager ReplicaSet shop/-5d9c7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			whole := pod("orders-0", test.change)
			if got := clusterOf(whole).String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if small := stripped(t, whole); clusterOf(small) != clusterOf(whole) {
				t.Errorf("stripped it belongs to %s", clusterOf(small))
			}
		})
	}
}

func TestWhereRESTIs(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*corev1.Pod)
		want   string
	}{
		{"Flink's own port", func(*corev1.Pod) {}, "127.1.0.5:8081"},
		{"the port named webui", func(p *corev1.Pod) { p.Spec.Containers = ports("rpc", "webui") }, "127.1.0.5:7001"},
		{"the port named rest", func(p *corev1.Pod) { p.Spec.Containers = ports("rest", "rpc") }, "127.1.0.5:7000"},
		{"the port named ui", func(p *corev1.Pod) { p.Spec.Containers = ports("rpc", "blob", "ui") }, "127.1.0.5:7002"},
		{"an IPv6 address", func(p *corev1.Pod) { p.Status.PodIP = "fd00::5" }, "[fd00::5]:8081"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := jobManager(stripped(t, pod("orders", test.change))).Address; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestHowRESTIsReached(t *testing.T) {
	const refused = " of JobManager pod shop/orders is not a DNS name; set it to the one name"
	for _, test := range []struct {
		name   string
		value  string
		reason string
	}{
		{"plain http without a name", "", ""},
		{"https for a Service's name", "orders-rest.shop.svc.cluster.local", ""},
		{"a wildcard is refused", "*.shop.svc", `annotation flink-hpa.dev/rest-tls="*.shop.svc"` + refused},
		{"a URL is refused", "https://orders", `annotation flink-hpa.dev/rest-tls="https://orders"` + refused},
		{"a port is refused", "orders:8081", refused},
		{"upper case is refused", "Orders", refused},
		{"a blank is refused", " orders", refused},
		{"a switch in place of a name is taken for a name", "true", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := jobManager(stripped(t, pod("orders", func(p *corev1.Pod) { p.Annotations[AnnotationRESTTLS] = test.value })))
			got, err := j.Target()
			if want := (rest.Target{Address: "127.1.0.5:8081", TLSName: test.value}); test.reason == "" && (err != nil || got != want) {
				t.Errorf("got %v, %v", got, err)
			}
			if test.reason != "" && (err == nil || !strings.Contains(err.Error(), test.reason) || got != rest.Target{}) {
				t.Errorf("got %v, %v, want %q", got, err, test.reason)
			}
		})
	}
}

func FuzzTarget(f *testing.F) {
	for _, name := range []string{"", "orders.shop.svc", "*.shop.svc", "https://x/", "a:1", "\x00", "é", strings.Repeat("a", 254)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		target, err := JobManager{Namespace: "shop", Pod: "orders", Address: "127.1.0.5:8081", TLSName: name}.Target()
		if err == nil && (target.TLSName != name || len(name) > 253 || strings.ContainsAny(name, "*:/ \x00")) {
			t.Errorf("taken as %+v", target)
		}
	})
}

func stripped(t testing.TB, p *corev1.Pod) *corev1.Pod {
	t.Helper()
	small, err := strip(p)
	if err != nil {
		t.Fatal(err)
	}
	return small.(*corev1.Pod)
}

func TestOnlyWhatIsUsedIsKept(t *testing.T) {
	whole := pod("orders", func(p *corev1.Pod) {
		of(p, "Job", "orders")
		p.CreationTimestamp, p.ResourceVersion = metav1.Unix(1_000_000, 0), "7"
		p.Annotations[AnnotationRESTTLS] = "orders.shop.svc"
		p.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubelet"}}
		p.Spec.Containers = ports("rest")
		p.Spec.Containers[1].Image, p.Spec.NodeName, p.Status.HostIP = "flink", "node-1", "127.0.0.1"
	})
	want := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "orders", Namespace: "shop", UID: "uid-orders", ResourceVersion: "7", CreationTimestamp: whole.CreationTimestamp, Labels: whole.Labels,
			Annotations:     map[string]string{"flink-hpa.dev/injected": "a=b", "flink-hpa.dev/rest-tls": "orders.shop.svc"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "Job", Name: "orders", Controller: new(true)}},
		},
		Spec:   corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "rest", ContainerPort: 7000}}}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "127.1.0.5"},
	}
	if diff := cmp.Diff(want, stripped(t, whole)); diff != "" {
		t.Error(diff)
	}
	if got := stripped(t, &corev1.Pod{}); got.Annotations != nil || got.OwnerReferences != nil {
		t.Errorf("of nothing is kept %+v", got.ObjectMeta)
	}
	if other, err := strip("something else"); err != nil || other != "something else" {
		t.Errorf("got %v, %v", other, err)
	}
}
