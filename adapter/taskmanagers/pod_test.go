package taskmanagers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// pod is a TaskManager of the Deployment orders as the API server has it, with all that is not kept.
func pod(name string, changes ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, UID: "uid", ResourceVersion: "7", CreationTimestamp: metav1.NewTime(noon),
			Labels:          map[string]string{"app": "orders", "component": "taskmanager", "pod-template-hash": "5d9c7"},
			Annotations:     map[string]string{"other": "x"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "orders-5d9c7", Controller: new(true)}},
			ManagedFields:   []metav1.ManagedFieldsEntry{{Manager: "kubelet"}},
		},
		Spec:   corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{Name: "taskmanager", Image: "flink"}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "127.1.0.5", HostIP: "127.0.0.1"},
	}
	for _, change := range changes {
		change(p)
	}
	return p
}

func unschedulable(message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
			Message: message, LastTransitionTime: metav1.NewTime(noon),
		}}}
	}
}

// killed says that the container ended at that minute past noon, in its present state or the one before.
func killed(container, reason string, minute int, before bool) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		end := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			Reason: reason, FinishedAt: metav1.NewTime(noon.Add(time.Duration(minute) * time.Minute)),
		}}
		status := corev1.ContainerStatus{Name: container, State: end}
		if before {
			status = corev1.ContainerStatus{Name: container, LastTerminationState: end}
		}
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, status)
	}
}

func quantities(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

func containers(names ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Containers = nil
		for _, name := range names {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: name})
		}
	}
}

func TestWhatIsKeptOfAPod(t *testing.T) {
	for _, test := range []struct {
		name   string
		change []func(*corev1.Pod)
		want   func(*Pod) // what differs from a running pod with nothing particular
	}{
		{"one that runs", nil, func(*Pod) {}},
		{"what the webhook injected, and our own labels", []func(*corev1.Pod){func(p *corev1.Pod) {
			p.Annotations["flink-hpa.dev/injected"] = "heartbeat.timeout=8000"
			p.Labels["flink-hpa.dev/memory"] = "advise"
		}}, func(p *Pod) {
			p.Injected, p.Labels = "heartbeat.timeout=8000", map[string]string{"flink-hpa.dev/memory": "advise"}
		}},
		{"one without a node", []func(*corev1.Pod){unschedulable("0/3 nodes are available")}, func(p *Pod) {
			p.IP, p.Running, p.Unschedulable, p.UnschedulableSince = "", false, "0/3 nodes are available", noon
		}},
		{"one without a node, and a scheduler that doesn't say why", []func(*corev1.Pod){unschedulable("")}, func(p *Pod) {
			p.IP, p.Running, p.Unschedulable, p.UnschedulableSince = "", false, "Unschedulable", noon
		}},
		{"one that the scheduler isn't to look at yet is not unschedulable", []func(*corev1.Pod){unschedulable("x"), func(p *corev1.Pod) {
			p.Status.Conditions[0].Reason = corev1.PodReasonSchedulingGated
		}}, func(p *Pod) { p.IP, p.Running = "", false }},
		{"one that got its node", []func(*corev1.Pod){func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}}
		}}, func(*Pod) {}},
		{"killed for memory in its life before", []func(*corev1.Pod){killed("taskmanager", "OOMKilled", 3, true)}, func(p *Pod) { p.OutOfMemory = noon.Add(3 * time.Minute) }},
		{"killed for memory, and not started again yet", []func(*corev1.Pod){killed("taskmanager", "OOMKilled", 4, false)}, func(p *Pod) { p.OutOfMemory = noon.Add(4 * time.Minute) }},
		{"ended for another reason", []func(*corev1.Pod){killed("taskmanager", "Error", 3, true)}, func(*Pod) {}},
		{"a sidecar that was killed", []func(*corev1.Pod){containers("logs", "taskmanager"), killed("logs", "OOMKilled", 3, true)}, func(*Pod) {}},
		{"the operator's name of the container", []func(*corev1.Pod){containers("logs", "flink-main-container"), killed("flink-main-container", "OOMKilled", 3, true)},
			func(p *Pod) { p.OutOfMemory = noon.Add(3 * time.Minute) }},
		{"another name of the container", []func(*corev1.Pod){containers("tm", "logs"), killed("tm", "OOMKilled", 3, true)}, func(p *Pod) { p.OutOfMemory = noon.Add(3 * time.Minute) }},
		{"what its containers ask for together", []func(*corev1.Pod){containers("taskmanager", "logs"), func(p *corev1.Pod) {
			p.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: quantities("1500m", "2Gi"), Limits: quantities("2", "3Gi")}
			p.Spec.Containers[1].Resources = corev1.ResourceRequirements{Requests: quantities("100m", "64Mi")}
		}}, func(p *Pod) {
			p.Requests, p.Limits = Resources{MilliCPU: 1600, Memory: 2<<30 + 64<<20}, Resources{MilliCPU: 2000, Memory: 3 << 30}
		}},
		{"an init container that asks for more than they do", []func(*corev1.Pod){func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "fetch", Resources: corev1.ResourceRequirements{Requests: quantities("3", "1Gi")}}}
			p.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: quantities("1", "2Gi")}
		}}, func(p *Pod) { p.Requests = Resources{MilliCPU: 3000, Memory: 2 << 30} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := Pod{
				Namespace: "shop", Name: "orders-0", UID: "uid", Created: noon, Workload: workload("shop", "Deployment", "orders"), IP: "127.1.0.5", Running: true,
			}
			test.want(&want)
			small, err := strip(pod("orders-0", test.change...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, small.(*kept).pod); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsNoPodIsLeftAsItIs(t *testing.T) {
	small, err := strip(pod("orders-0"))
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range []any{small, "something else"} { // the informer may give it what it has stripped already
		if again, err := strip(object); err != nil || again != object {
			t.Errorf("got %v, %v", again, err)
		}
	}
	if _, err := strip(&corev1.Pod{}); err != nil {
		t.Error(err)
	}
}
