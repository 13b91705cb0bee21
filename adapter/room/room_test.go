package room

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func workload(name string) taskmanagers.Workload {
	return taskmanagers.Workload{Namespace: "shop", Kind: "Deployment", Name: name}
}

// pods are so many of one workload, a minute apart, each of one CPU and 2 GiB.
func pods(n int, changes ...func(*taskmanagers.Pod)) []taskmanagers.Pod {
	all := make([]taskmanagers.Pod, n)
	for i := range all {
		all[i] = taskmanagers.Pod{
			Namespace: "shop", Created: noon.Add(time.Duration(i) * time.Minute),
			Requests: taskmanagers.Resources{MilliCPU: 1000, Memory: 2 << 30}, Limits: taskmanagers.Resources{Memory: 3 << 30},
		}
	}
	for _, change := range changes {
		change(&all[n-1])
	}
	return all
}

func unschedulable(message string) func(*taskmanagers.Pod) {
	return func(p *taskmanagers.Pod) { p.Unschedulable = message }
}

func quota(name string, left map[corev1.ResourceName]float64) Quota { return Quota{name, left} }

func TestHowManyTaskManagersThereIsRoomFor(t *testing.T) {
	const memory = "requests.memory"
	noNode := desired.Reason{Code: desired.HeldByRoom, Text: "TaskManager pods of Deployment orders find no node, so no more are asked for; kubectl describe pod tells of a Pending one what it lacks"}
	byQuota := func(text string) desired.Reason {
		return desired.Reason{Code: desired.LimitedByQuota, Text: "ResourceQuota " + text}
	}
	for _, test := range []struct {
		name   string
		pods   map[string][]taskmanagers.Pod // by workload
		quotas []Quota
		want   *desired.Room
	}{
		{"nothing limits them", map[string][]taskmanagers.Pod{"orders": pods(3)}, nil, nil},
		{"no pod is known", nil, []Quota{quota("team", map[corev1.ResourceName]float64{memory: 0})}, nil},
		{"one finds no node: those that wait stay asked for", map[string][]taskmanagers.Pod{"orders": pods(5, unschedulable("0/3 nodes"))}, nil, &desired.Room{Most: 5, Reason: noNode}},
		{"another message of the scheduler is the same cause", map[string][]taskmanagers.Pod{"orders": pods(5, unschedulable("0/4 nodes"))}, nil, &desired.Room{Most: 5, Reason: noNode}},
		{"no node, and a quota", map[string][]taskmanagers.Pod{"orders": pods(5, unschedulable("0/3 nodes"))},
			[]Quota{quota("team", map[corev1.ResourceName]float64{memory: 0})}, &desired.Room{Most: 5, Reason: noNode}},
		{"two workloads of one job", map[string][]taskmanagers.Pod{"orders": pods(2, unschedulable("0/3 nodes")), "more": pods(3)}, nil, &desired.Room{Most: 5, Reason: noNode}},
		{"a quota has room for two more", map[string][]taskmanagers.Pod{"orders": pods(3)}, []Quota{quota("team", map[corev1.ResourceName]float64{memory: 5 << 30})},
			&desired.Room{Most: 5, Reason: byQuota(`"team" has no room for more TaskManagers: requests.memory`)}},
		{"the newest pod is what another will be like", map[string][]taskmanagers.Pod{"orders": pods(3, func(p *taskmanagers.Pod) { p.Requests.Memory = 1 << 30 })},
			[]Quota{quota("team", map[corev1.ResourceName]float64{memory: 5 << 30})}, &desired.Room{Most: 8, Reason: byQuota(`"team" has no room for more TaskManagers: requests.memory`)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rooms := Rooms{
				TaskManagers: func(w taskmanagers.Workload) []taskmanagers.Pod { return test.pods[w.Name] },
				Quotas: func(namespace string) []Quota {
					if namespace != "shop" {
						t.Errorf("quotas of namespace %q are read", namespace)
					}
					return test.quotas
				},
			}
			got := rooms.Of([]taskmanagers.Workload{workload("orders"), workload("more")})
			if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestHowManyMoreAQuotaHasRoomFor(t *testing.T) {
	type left = map[corev1.ResourceName]float64
	one := pods(1)[0]
	for _, test := range []struct {
		name   string
		quotas []Quota
		like   taskmanagers.Pod
		fit    int
		by     string // quota and resource; empty: none limits them
	}{
		{"no quota", nil, one, 0, ""},
		{"a quota of other things", []Quota{quota("a", left{})}, one, 0, ""},
		{"pods", []Quota{quota("a", left{"pods": 3})}, one, 3, "a pods"},
		{"all pods that there are", []Quota{quota("a", left{"count/pods": 2})}, one, 2, "a count/pods"},
		{"requested CPUs", []Quota{quota("a", left{"requests.cpu": 2.5})}, one, 2, "a requests.cpu"},
		{"the same by its short name", []Quota{quota("a", left{"cpu": 1})}, one, 1, "a cpu"},
		{"requested memory", []Quota{quota("a", left{"requests.memory": 4 << 30})}, one, 2, "a requests.memory"},
		{"the same by its short name", []Quota{quota("a", left{"memory": 4<<30 - 1})}, one, 1, "a memory"},
		{"limits of memory", []Quota{quota("a", left{"limits.memory": 4 << 30})}, one, 1, "a limits.memory"},
		{"a limit that the pods don't have", []Quota{quota("a", left{"limits.cpu": 0})}, one, 0, ""},
		{"CPUs that a float can't hold exactly", []Quota{quota("a", left{"requests.cpu": 0.3})}, taskmanagers.Pod{Requests: taskmanagers.Resources{MilliCPU: 100}}, 3, "a requests.cpu"},
		{"the tightest of several resources", []Quota{quota("a", left{"pods": 3, "requests.cpu": 2, "memory": 20 << 30})}, one, 2, "a requests.cpu"},
		{"the tightest of several quotas", []Quota{quota("a", left{"pods": 3}), quota("b", left{"pods": 1})}, one, 1, "b pods"},
		{"the first of those alike", []Quota{quota("a", left{"pods": 1, "cpu": 1}), quota("b", left{"pods": 1})}, one, 1, "a pods"},
		{"more is used than it allows", []Quota{quota("a", left{"pods": -2})}, one, 0, "a pods"},
		{"more than could ever be", []Quota{quota("a", left{"requests.cpu": 1e18})}, one, 1<<31 - 1, "a requests.cpu"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name, resource, fit, ok := tightest(test.quotas, test.like)
			if by := strings.TrimSpace(name + " " + string(resource)); fit != test.fit || by != test.by || ok != (test.by != "") {
				t.Errorf("room for %d by %q, %t; want %d by %q", fit, by, ok, test.fit, test.by)
			}
		})
	}
}
