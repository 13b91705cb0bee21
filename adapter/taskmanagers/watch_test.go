package taskmanagers

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// watching is a Watch that has read these pods.
func watching(t *testing.T, client *fake.Clientset, namespaces ...string) *Watch {
	t.Helper()
	w := New(client, namespaces...)
	if err := w.Synced(); !errors.Is(err, errNotSynced) {
		t.Errorf("before the start: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); w.shutdown() })
	w.Start(ctx)
	for _, watch := range w.watches {
		watch.factory.WaitForCacheSyncWithContext(ctx)
	}
	if err := w.Synced(); err != nil {
		t.Errorf("with the pods read: %v", err)
	}
	return w
}

func workload(namespace, kind, name string) Workload {
	return Workload{Namespace: namespace, Kind: kind, Name: name}
}

func names(pods []Pod) []string {
	var names []string
	for _, pod := range pods {
		names = append(names, pod.Name)
	}
	return names
}

func created(minute int) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.CreationTimestamp = metav1.NewTime(noon.Add(time.Duration(minute) * time.Minute))
	}
}

func TestTheTaskManagersOfAWorkload(t *testing.T) {
	gone := metav1.NewTime(noon)
	client := fake.NewClientset(
		pod("young", created(9)), pod("b", created(5)), pod("a", created(5)), pod("old"),
		pod("pending", created(7), unschedulable("no room")),
		pod("updated", created(8), func(p *corev1.Pod) {
			p.OwnerReferences[0].Name, p.Labels["pod-template-hash"] = "orders-77b4f", "77b4f"
		}),
		pod("ending", func(p *corev1.Pod) { p.DeletionTimestamp, p.Finalizers = &gone, []string{"x/y"} }),
		pod("failed", func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }),
		pod("succeeded", func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }),
		pod("jobmanager", func(p *corev1.Pod) { p.Labels["component"] = "jobmanager" }),
		pod("another job's", func(p *corev1.Pod) { p.OwnerReferences[0].Name = "bills-5d9c7" }),
		pod("elsewhere", func(p *corev1.Pod) { p.Namespace = "crm" }),
	)
	w := watching(t, client)
	if got, want := names(w.Of(workload("shop", "Deployment", "orders"))), []string{"old", "a", "b", "pending", "updated", "young"}; !slices.Equal(got, want) {
		t.Errorf("they are %q, want %q", got, want)
	}
	if got := names(w.Of(workload("shop", "StatefulSet", "orders"))); len(got) != 0 {
		t.Errorf("a workload that isn't there has %q", got)
	}
}

func TestOnlyTheNamespacesThatAreServedAreRead(t *testing.T) {
	client := fake.NewClientset(pod("orders"), pod("mails", func(p *corev1.Pod) { p.Namespace = "crm" }))
	w := watching(t, client, "shop", "ops")
	if got := w.Of(workload("shop", "Deployment", "orders")); len(got) != 1 {
		t.Errorf("in a served namespace there are %v", got)
	}
	for _, namespace := range []string{"ops", "crm"} {
		if got := w.Of(workload(namespace, "Deployment", "orders")); len(got) != 0 {
			t.Errorf("in namespace %s there are %v", namespace, got)
		}
	}
}

func TestAChangeOfAPodIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(pod("orders-0", unschedulable("no room")))
		w := watching(t, client)
		orders := workload("shop", "Deployment", "orders")
		if got := w.Of(orders); len(got) != 1 || got[0].Unschedulable != "no room" {
			t.Fatalf("there are %+v", got)
		}
		if _, err := client.CoreV1().Pods("shop").Update(t.Context(), pod("orders-0"), metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := w.Of(orders); len(got) != 1 || got[0].Unschedulable != "" || !got[0].Running {
			t.Errorf("with a node there are %+v", got)
		}
		if err := client.CoreV1().Pods("shop").Delete(t.Context(), "orders-0", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := w.Of(orders); len(got) != 0 {
			t.Errorf("deleted, there are %+v", got)
		}
	})
}

// 20,000 TaskManagers in one Kubernetes cluster, each with what the webhook injects.
func TestATaskManagerTakesLittleMemory(t *testing.T) {
	const pods, most = 2_000, 2_500 // bytes for each
	kept := make([]any, pods)
	before := inUse()
	for i := range kept {
		whole := pod(fmt.Sprintf("orders-5d9c7-%05d", i), func(p *corev1.Pod) {
			p.Annotations["flink-hpa.dev/injected"] = strings.Repeat("heartbeat.interval=2000,", 8)
			p.Labels["flink-hpa.dev/memory"] = "advise"
			p.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: quantities("1", "2Gi"), Limits: quantities("2", "2Gi")}
		})
		kept[i], _ = strip(whole)
	}
	each := (inUse() - before) / pods
	t.Logf("%d bytes for each TaskManager pod", each)
	if each > most {
		t.Errorf("a TaskManager pod takes %d bytes, more than %d", each, most)
	}
	runtime.KeepAlive(kept)
}

// inUse are the bytes of the heap that are reached.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
