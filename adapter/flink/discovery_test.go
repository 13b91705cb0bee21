package flink

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
)

func pod(name string, change func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "shop", UID: types.UID("uid-" + name),
			Labels:      map[string]string{"app": name, "component": "jobmanager", "team": "a"},
			Annotations: map[string]string{"large": strings.Repeat("x", 1000), "flink-hpa.dev/injected": "a=b"},
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "127.1.0.5"},
	}
	change(p)
	return p
}

func ports(names ...string) []corev1.Container {
	c := corev1.Container{}
	for i, name := range names {
		c.Ports = append(c.Ports, corev1.ContainerPort{Name: name, ContainerPort: int32(7000 + i)})
	}
	return []corev1.Container{{Name: "sidecar"}, c}
}

func discovery(t *testing.T, pods ...*corev1.Pod) *Discovery {
	client := fake.NewClientset()
	for _, p := range pods {
		if err := client.Tracker().Add(p); err != nil {
			t.Fatal(err)
		}
	}
	d := NewDiscovery(client)
	if err := d.Synced(); !errors.Is(err, errNotSynced) {
		t.Errorf("before the start: %v", err)
	}
	if _, err := d.Find("shop", labels.Everything()); !errors.Is(err, errNotSynced) || errors.Is(err, ErrNotFound) {
		t.Errorf("found before the start: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); d.factory.Shutdown() })
	d.Start(ctx)
	d.factory.WaitForCacheSyncWithContext(ctx)
	return d
}

func TestFind(t *testing.T) {
	now := metav1.NewTime(time.Unix(1_000_000, 0))
	pods := []*corev1.Pod{
		pod("orders", func(*corev1.Pod) {}),
		pod("webui", func(p *corev1.Pod) { p.Spec.Containers = ports("rpc", "webui") }),
		pod("rest", func(p *corev1.Pod) { p.Spec.Containers = ports("rest", "rpc") }),
		pod("ui", func(p *corev1.Pod) { p.Spec.Containers = ports("rpc", "blob", "ui") }),
		pod("six", func(p *corev1.Pod) { p.Status.PodIP = "fd00::5" }),
		pod("pending", func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }),
		pod("ending", func(p *corev1.Pod) { p.DeletionTimestamp = &now; p.Finalizers = []string{"x/y"} }),
		pod("nowhere", func(p *corev1.Pod) { p.Status.PodIP = "" }),
		pod("elsewhere", func(p *corev1.Pod) { p.Namespace = "crm" }),
	}
	tests := []struct {
		name     string
		selector string
		address  string
		reason   string
	}{
		{name: "by its label, on Flink's own port", selector: "app=orders", address: "127.1.0.5:8081"},
		{name: "on the port named webui", selector: "app=webui", address: "127.1.0.5:7001"},
		{name: "on the port named rest", selector: "app=rest", address: "127.1.0.5:7000"},
		{name: "on the port named ui", selector: "app=ui", address: "127.1.0.5:7002"},
		{name: "at an IPv6 address", selector: "app=six", address: "[fd00::5]:8081"},
		{name: "any selector will do", selector: "app in (orders, other), team!=b", address: "127.1.0.5:8081"},
		{name: "none", selector: "app=other", reason: `no running pod with the label component=jobmanager in namespace "shop" matches the selector "app=other"`},
		{name: "not one that is pending", selector: "app=pending", reason: "not found"},
		{name: "not one that is being deleted", selector: "app=ending", reason: "not found"},
		{name: "not one without an address", selector: "app=nowhere", reason: "not found"},
		{name: "not one of another namespace", selector: "app=elsewhere", reason: "not found"},
		{name: "several are named", selector: "app in (ui,orders,pending)", reason: `several JobManager pods in namespace "shop" match the selector "app in (orders,pending,ui)": orders, ui;`},
	}
	d := discovery(t, pods...)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			selector, err := labels.Parse(test.selector)
			if err != nil {
				t.Fatal(err)
			}
			got, err := d.Find("shop", selector)
			if got.Address != test.address {
				t.Errorf("got %q, want %q", got.Address, test.address)
			}
			if (test.reason == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.reason) {
				t.Errorf("got %v, want %q", err, test.reason)
			}
			if several := strings.HasPrefix(test.reason, "several"); err != nil && errors.Is(err, ErrNotFound) == several {
				t.Errorf("%v: is ErrNotFound %t", err, !several)
			}
			if err == nil && !d.Running(got) {
				t.Error("what was found is not running")
			}
		})
	}
	found, _ := d.Find("shop", labels.SelectorFromSet(labels.Set{"app": "orders"}))
	if got := d.Injected(found); got != "a=b" {
		t.Errorf("injected is %q", got)
	}
	found.UID = "uid-before"
	if d.Running(found) || d.Injected(found) != "" {
		t.Error("a pod of an earlier life counts as running, or has something injected")
	}
}

func TestOnlyWhatIsUsedIsKept(t *testing.T) {
	kept, err := strip(pod("orders", func(p *corev1.Pod) { p.Spec.Containers = ports("rest") }))
	if err != nil {
		t.Fatal(err)
	}
	if p := kept.(*corev1.Pod); len(p.Annotations) != 1 || p.Annotations["flink-hpa.dev/injected"] != "a=b" || len(p.Spec.Containers) != 1 || p.Spec.Containers[0].Ports[0].Name != "rest" || p.Labels["app"] != "orders" {
		t.Errorf("kept %+v", p)
	}
	if other, err := strip("something else"); err != nil || other != "something else" {
		t.Errorf("got %v, %v", other, err)
	}
}

func TestDiscoveryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := NewDiscovery(fake.NewClientset())
		d.Start(ctx)
		cancel()
		d.factory.Shutdown()
	})
}
