package webhook

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/internal/events"
)

var inspectedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fleetPod is a TaskManager of Flink, labelled, and created a minute ago.
func fleetPod(namespace, name string, change func(*corev1.Pod)) *corev1.Pod {
	pod := flinkPod("", "taskmanager")
	pod.ObjectMeta = metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{LabelInject: "enabled"},
		CreationTimestamp: metav1.NewTime(inspectedAt.Add(-time.Minute)),
	}
	change(pod)
	return pod
}

func asItIs(*corev1.Pod) {}

// mutated is what a pod looks like that the webhook has seen.
func mutated(pod *corev1.Pod) {
	changed, _ := Mutate(pod, Facts{Profile: DefaultProfiles().For(pod.Namespace)})
	changed.DeepCopyInto(pod)
}

func newTestInspector(t *testing.T, client *fake.Clientset) *Inspector {
	t.Helper()
	clock, metrics := clocktesting.NewFakeClock(inspectedAt), NewMetrics(prometheus.NewRegistry())
	profiles, err := openProfiles("", clock, metrics)
	if err != nil {
		t.Fatal(err)
	}
	return NewInspector(client, Surroundings{objects: newObjectReader(client, "flink-hpa", clock, metrics), profiles: profiles}, InspectorOptions{Except: []string{"kube-system"}, Instance: "webhook-1", Clock: clock})
}

// inspected runs an inspector in a bubble until it has nothing left to do.
func inspected(t *testing.T, client *fake.Clientset) *Inspector {
	t.Helper()
	i := newTestInspector(t, client)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); i.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	time.Sleep(time.Minute)
	synctest.Wait()
	return i
}

func written(t *testing.T, client *fake.Clientset) []eventsv1.Event {
	t.Helper()
	list, err := client.EventsV1().Events(metav1.NamespaceAll).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func TestPodsThatWereMissedAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(
			fleetPod("shop", "missed", asItIs), fleetPod("shop", "missed-too", asItIs), fleetPod("shop", "seen", mutated),
			fleetPod("shop", "sets-all", func(pod *corev1.Pod) {
				pod.Spec.Containers[0].Args = []string{"taskmanager", "-Dheartbeat.timeout=9000", "-Dheartbeat.interval=3000"}
			}),
			fleetPod("shop", "no-flink", func(pod *corev1.Pod) { pod.Spec.Containers[0].Args = []string{"serve"} }),
			fleetPod("shop", "ended", func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodFailed }),
			fleetPod("crm", "seen-there", mutated),
		)
		i := newTestInspector(t, client)
		if got := testutil.CollectAndCount(i); got != 0 {
			t.Errorf("%d counts before anything is known", got)
		}
		i.queue.ShutDown()
		i = inspected(t, client)
		check := func(what string, want ...string) {
			t.Helper()
			text := "# HELP flink_hpa_webhook_unmutated_pods " + unmutatedHelp + "\n# TYPE flink_hpa_webhook_unmutated_pods gauge\n" + strings.Join(want, "\n") + "\n"
			if err := testutil.CollectAndCompare(i, strings.NewReader(text)); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		check("all inspected", `flink_hpa_webhook_unmutated_pods{namespace="crm"} 0`, `flink_hpa_webhook_unmutated_pods{namespace="shop"} 2`)
		i.forget("shop/missed")
		check("one not inspected, so its namespace's count is not known", `flink_hpa_webhook_unmutated_pods{namespace="crm"} 0`)
		if err := client.CoreV1().Pods("shop").Delete(t.Context(), "missed", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		check("that one is gone", `flink_hpa_webhook_unmutated_pods{namespace="crm"} 0`, `flink_hpa_webhook_unmutated_pods{namespace="shop"} 1`)
	})
}

func TestOneEventForAPod(t *testing.T) {
	wrong := func(pod *corev1.Pod) {
		pod.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "FLINK_PROPERTIES", Value: "heartbeat.timeout: ${T}"}}
		pod.Annotations = map[string]string{AnnotationInjected: "a=b"}
	}
	for _, c := range []struct {
		name   string
		change func(*corev1.Pod)
		want   string // in the note; empty for no Event
	}{
		{"one that was missed", asItIs, "nothing was injected"},
		{"one with a mistake", wrong, "heartbeat.timeout"},
		{"one that is as it should be", mutated, ""},
		{"one that is not young", func(pod *corev1.Pod) {
			pod.CreationTimestamp = metav1.NewTime(inspectedAt.Add(-newsFor - time.Second))
		}, ""},
		{"one of a namespace that is left out", func(pod *corev1.Pod) { pod.Namespace = "kube-system" }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewClientset(fleetPod("shop", "tm", c.change))
				inspected(t, client)
				inspected(t, client) // another replica, or after a restart
				got := written(t, client)
				if c.want == "" {
					if len(got) != 0 {
						t.Errorf("got %+v", got)
					}
					return
				}
				if len(got) != 1 || !strings.Contains(got[0].Note, c.want) || got[0].Regarding.UID != "uid-tm" || got[0].Name != "flink-hpa.uid-tm" {
					t.Errorf("got %+v, want one with %q", got, c.want)
				}
			})
		})
	}
}

func TestAnEventThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, failures := fake.NewClientset(fleetPod("shop", "tm", asItIs)), 2
		client.PrependReactor("create", "events", func(clienttesting.Action) (bool, runtime.Object, error) {
			failures--
			return failures >= 0, nil, errors.New("the API server is busy")
		})
		inspected(t, client)
		if got := written(t, client); len(got) != 1 {
			t.Errorf("%d Events, want 1", len(got))
		}
	})
}

func TestAPanicIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := inspected(t, fake.NewClientset(fleetPod("shop", "tm", asItIs)))
		i.surroundings.profiles = nil
		if err := i.inspect(t.Context(), "shop/tm"); err == nil || !strings.Contains(err.Error(), "panic") {
			t.Errorf("got %v", err)
		}
	})
}

func TestPeersLeaveOutWhatTheWorkloadMade(t *testing.T) {
	controlled := func(kind, name, hash string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, Controller: new(true)}}
			pod.Labels["pod-template-hash"] = hash
		}
	}
	synctest.Test(t, func(t *testing.T) {
		i := inspected(t, fake.NewClientset(
			fleetPod("shop", "a-deployment", controlled("ReplicaSet", "tm-5d9", "5d9")),
			fleetPod("shop", "b-like-it", controlled("ReplicaSet", "tm-more-5d9", "5d9")),
			fleetPod("shop", "c-job", controlled("Job", "tm", "")),
			fleetPod("shop", "d-set", controlled("StatefulSet", "tm", "")),
			fleetPod("shop", "e-alone", asItIs),
			fleetPod("crm", "elsewhere", asItIs),
		))
		for _, c := range []struct {
			kind, without string
		}{
			{"Deployment", "a-deployment"}, {"Job", "c-job"}, {"StatefulSet", "d-set"}, {"Pod", ""},
		} {
			var want, got []string
			for _, name := range []string{"a-deployment", "b-like-it", "c-job", "d-set", "e-alone"} {
				if name != c.without {
					want = append(want, name)
				}
			}
			for _, peer := range i.Peers(t.Context(), "shop", Workload{Kind: c.kind, Name: "tm"}) {
				got = append(got, peer.Name)
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("beside %s tm: %v, want %v", c.kind, got, want)
			}
		}
	})
}

func TestANoteFits(t *testing.T) {
	long := strings.Repeat("ä", 300) // 600 bytes
	for _, c := range []struct {
		name     string
		problems []string
		want     string
	}{
		{"one", []string{"a"}, "a"},
		{"several", []string{"a", "b"}, "a\nb"},
		{"more than fit", []string{long, "b", long, "d"}, long + "\nb\n2 more"},
		{"the first is too long by itself", []string{long + long, "b"}, (long + long)[:events.MaxNote]},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := note(c.problems); got != c.want {
				t.Errorf("got %d bytes, %q", len(got), got)
			}
		})
	}
}
