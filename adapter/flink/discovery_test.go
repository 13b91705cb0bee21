package flink

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// of makes the pod one of a workload's.
func of(p *corev1.Pod, kind, name string) {
	p.OwnerReferences = []metav1.OwnerReference{
		{APIVersion: "v1", Kind: "ConfigMap", Name: "other"},
		{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID("uid-of-" + name), Controller: new(true)},
	}
}

// ofDeployment makes the pod one of a Deployment's, as its ReplicaSet of that hash makes them.
func ofDeployment(p *corev1.Pod, name, hash string) {
	of(p, "ReplicaSet", name+"-"+hash)
	p.Labels["pod-template-hash"] = hash
}

func ports(names ...string) []corev1.Container {
	c := corev1.Container{}
	for i, name := range names {
		c.Ports = append(c.Ports, corev1.ContainerPort{Name: name, ContainerPort: int32(7000 + i)})
	}
	return []corev1.Container{{Name: "sidecar"}, c}
}

func selector(t testing.TB, text string) labels.Selector {
	t.Helper()
	selector, err := labels.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return selector
}

func discovery(t testing.TB, pods ...*corev1.Pod) *Discovery {
	t.Helper()
	return discoveryIn(t, nil, pods...)
}

// discoveryIn reads these namespaces alone.
func discoveryIn(t testing.TB, namespaces []string, pods ...*corev1.Pod) *Discovery {
	t.Helper()
	client := fake.NewClientset()
	for _, p := range pods {
		if err := client.Tracker().Add(p); err != nil {
			t.Fatal(err)
		}
	}
	d := NewDiscovery(client, namespaces...)
	if err := d.Synced(); !errors.Is(err, errNotSynced) {
		t.Errorf("before the start: %v", err)
	}
	if _, err := d.Find("shop", labels.Everything()); !errors.Is(err, errNotSynced) || errors.Is(err, ErrNotFound) {
		t.Errorf("found before the start: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); d.shutdown() })
	d.Start(ctx)
	for _, w := range d.watches {
		w.factory.WaitForCacheSyncWithContext(ctx)
	}
	return d
}

func TestFind(t *testing.T) {
	now := metav1.NewTime(time.Unix(1_000_000, 0))
	d := discovery(t,
		pod("orders", func(*corev1.Pod) {}),
		pod("ha-1", func(p *corev1.Pod) { p.Labels["app"] = "ha"; ofDeployment(p, "ha", "5d9c7") }),
		pod("ha-2", func(p *corev1.Pod) { p.Labels["app"] = "ha"; ofDeployment(p, "ha", "77b4f") }),
		pod("run", func(p *corev1.Pod) { of(p, "Job", "run-3") }),
		pod("run-2", func(p *corev1.Pod) {
			p.Labels["app"] = "run"
			of(p, "Job", "run-2")
			p.Status.Phase = corev1.PodSucceeded
		}),
		pod("pending", func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }),
		pod("ending", func(p *corev1.Pod) { p.DeletionTimestamp = &now; p.Finalizers = []string{"x/y"} }),
		pod("nowhere", func(p *corev1.Pod) { p.Status.PodIP = "" }),
		pod("elsewhere", func(p *corev1.Pod) { p.Namespace = "crm" }),
		pod("taskmanager", func(p *corev1.Pod) { p.Labels["component"] = "taskmanager" }),
	)
	tests := []struct {
		name     string
		selector string
		want     Cluster
		reason   string
	}{
		{name: "a pod by its label", selector: "app=orders", want: Cluster{"shop", "Pod", "orders"}},
		{name: "leader, standby and a rolling update are one cluster", selector: "app=ha", want: Cluster{"shop", "Deployment", "ha"}},
		{name: "a Job beside one that has finished", selector: "app=run", want: Cluster{"shop", "Job", "run-3"}},
		{name: "any selector will do", selector: "app in (orders, other), team!=b", want: Cluster{"shop", "Pod", "orders"}},
		{name: "none", selector: "app=other", reason: `no running pod with the label component=jobmanager in namespace "shop" matches the selector "app=other"`},
		{name: "not one that is pending", selector: "app=pending", reason: "not found"},
		{name: "not one that is being deleted", selector: "app=ending", reason: "not found"},
		{name: "not one without an address", selector: "app=nowhere", reason: "not found"},
		{name: "not one of another namespace", selector: "app=elsewhere", reason: "not found"},
		{name: "not a TaskManager", selector: "app=taskmanager", reason: "not found"},
		{name: "several are named", selector: "app in (run,orders,ha,pending)", reason: `the JobManagers of several Flink clusters in namespace "shop" match the selector "app in (ha,orders,pending,run)": Deployment ha, Job run-3, Pod orders; select one cluster by its labels`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := d.Find("shop", selector(t, test.selector))
			if got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if (test.reason == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.reason) {
				t.Errorf("got %v, want %q", err, test.reason)
			}
			if several := strings.Contains(test.reason, "several"); err != nil && errors.Is(err, ErrNotFound) == several {
				t.Errorf("%v: is ErrNotFound %t", err, !several)
			}
			if err == nil && len(d.JobManagers(got)) == 0 {
				t.Error("what was found has no JobManagers")
			}
		})
	}
}

func TestAnErrorNamesSomeOfManyClusters(t *testing.T) {
	var pods []*corev1.Pod
	for _, name := range []string{"g", "c", "b", "a", "f", "e", "d"} {
		pods = append(pods, pod(name, func(*corev1.Pod) {}))
	}
	_, err := discovery(t, pods...).Find("shop", labels.Everything())
	if want := ": Pod a, Pod b, Pod c, Pod d, Pod e, and more;"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestJobManagersOfACluster(t *testing.T) {
	cluster := Cluster{"shop", "Deployment", "ha"}
	ha := func(name string, second int64, change func(*corev1.Pod)) *corev1.Pod {
		return pod(name, func(p *corev1.Pod) {
			p.CreationTimestamp = metav1.Unix(second, 0)
			ofDeployment(p, "ha", "5d9c7")
			change(p)
		})
	}
	as := func(*corev1.Pod) {}
	d := discovery(t,
		ha("ha-young", 30, as), ha("ha-old", 10, as),
		ha("ha-d", 20, as), ha("ha-b", 20, as), ha("ha-e", 20, as), ha("ha-c", 20, as), // at the same second
		ha("ha-updated", 25, func(p *corev1.Pod) { ofDeployment(p, "ha", "77b4f") }),
		ha("ha-pending", 5, func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }),
		ha("ha-other", 5, func(p *corev1.Pod) { ofDeployment(p, "ha-other", "5d9c7") }),
		ha("ha-elsewhere", 5, func(p *corev1.Pod) { p.Namespace = "crm" }),
	)
	var names []string
	for _, j := range d.JobManagers(cluster) {
		names = append(names, j.Pod)
		if !d.Running(j) || d.Injected(j) != "a=b" {
			t.Errorf("%s: running %t, injected %q", j, d.Running(j), d.Injected(j))
		}
		j.UID = "uid-before"
		if d.Running(j) || d.Injected(j) != "" {
			t.Errorf("%s of an earlier life counts as running, or has something injected", j)
		}
	}
	if want := []string{"ha-old", "ha-b", "ha-c", "ha-d", "ha-e", "ha-updated", "ha-young"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	if got := d.JobManagers(Cluster{"shop", "StatefulSet", "ha"}); len(got) != 0 {
		t.Errorf("a cluster that isn't there has JobManagers %v", got)
	}
}

func TestOnlyTheNamespacesThatAreServedAreRead(t *testing.T) {
	d := discoveryIn(t, []string{"shop", "ops"}, pod("orders", func(*corev1.Pod) {}), pod("mails", func(p *corev1.Pod) { p.Namespace = "crm" }))
	found, err := d.Find("shop", labels.Everything())
	if err != nil || len(d.JobManagers(found)) != 1 || !d.Running(d.JobManagers(found)[0]) {
		t.Errorf("found %v, %v", found, err)
	}
	if _, err := d.Find("ops", labels.Everything()); !errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "--namespaces") {
		t.Errorf("in a namespace without JobManagers: %v", err)
	}
	if _, err := d.Find("crm", labels.Everything()); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `"crm" is read; add it to the adapter's --namespaces`) {
		t.Errorf("in a namespace that is not read: %v", err)
	}
	elsewhere := Cluster{"crm", "Pod", "mails"}
	if n := len(d.JobManagers(elsewhere)); n != 0 || d.Running(JobManager{Namespace: "crm", Pod: "mails"}) {
		t.Errorf("%d JobManagers in a namespace that is not read", n)
	}
}

func TestDiscoveryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := NewDiscovery(fake.NewClientset())
		d.Start(ctx)
		cancel()
		d.shutdown()
	})
}

// 17,000 Flink clusters, in one namespace and in many: Find reads all of a namespace's.
func BenchmarkDiscovery(b *testing.B) {
	const clusters = 17_000
	for _, namespaces := range []int{1, 100, clusters} {
		pods := make([]*corev1.Pod, clusters)
		for i := range pods {
			pods[i] = pod(fmt.Sprintf("job-%d", i), func(p *corev1.Pod) {
				p.Namespace = fmt.Sprintf("team-%d", i%namespaces)
				of(p, "Job", p.Name)
			})
		}
		d := discovery(b, pods...)
		selector := selector(b, "app=job-0")
		b.Run(fmt.Sprintf("Find/namespaces=%d", namespaces), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Find("team-0", selector); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("JobManagers/namespaces=%d", namespaces), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(d.JobManagers(Cluster{"team-0", "Job", "job-0"})) != 1 {
					b.Fatal("the JobManager is missing")
				}
			}
		})
	}
}
