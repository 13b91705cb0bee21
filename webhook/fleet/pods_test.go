package fleet

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

const label = "flink-hpa.dev/inject"

// changes records the pods that were told of.
type changes struct {
	mu   sync.Mutex
	keys []string
}

func (c *changes) add(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = append(c.keys, key)
}

// take returns them sorted, each once, and forgets them.
func (c *changes) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := c.keys
	c.keys = nil
	slices.Sort(keys)
	return slices.Compact(keys)
}

func namespace(name, inject string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: asking(inject)}}
}

func asking(inject string) map[string]string {
	if inject == "" {
		return nil
	}
	return map[string]string{label: inject}
}

func pod(namespace, name, inject string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("uid-" + name), Labels: asking(inject)},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Args: []string{"taskmanager"}}}},
	}
}

// selectingClient is a fake whose watches heed selectors, as the API server's do: what no longer matches is told of as deleted, once.
func selectingClient(t *testing.T, objects ...runtime.Object) *fake.Clientset {
	client := fake.NewClientset(objects...)
	client.PrependWatchReactor("*", func(action clienttesting.Action) (bool, apiwatch.Interface, error) {
		options := action.(clienttesting.WatchActionImpl).ListOptions
		selector, err := labels.Parse(options.LabelSelector)
		if err != nil {
			t.Error(err)
		}
		all, err := client.Tracker().Watch(action.GetResource(), action.GetNamespace(), options)
		if err != nil {
			return true, nil, err
		}
		before := map[string]bool{} // whether it matched; all that is there at first counts as what it is now
		matches := func(object runtime.Object) (now, changed bool) {
			accessor, _ := meta.Accessor(object)
			was := before[accessor.GetName()]
			now = selector.Matches(labels.Set(accessor.GetLabels()))
			before[accessor.GetName()] = now
			return now, now != was
		}
		for _, object := range listed(t, client, action) {
			matches(object)
		}
		return true, apiwatch.Filter(all, func(event apiwatch.Event) (apiwatch.Event, bool) {
			now, changed := matches(event.Object)
			if !now {
				event.Type = apiwatch.Deleted
			}
			return event, now || changed
		}), nil
	})
	return client
}

func listed(t *testing.T, client *fake.Clientset, action clienttesting.Action) []runtime.Object {
	kind := corev1.SchemeGroupVersion.WithKind(map[string]string{"pods": "Pod", "namespaces": "Namespace"}[action.GetResource().Resource])
	list, err := client.Tracker().List(action.GetResource(), kind, action.GetNamespace())
	if err != nil {
		t.Error(err)
	}
	objects, err := meta.ExtractList(list)
	if err != nil {
		t.Error(err)
	}
	return objects
}

// run starts a fleet in a bubble; settle waits for what is under way. The informers back off on the bubble's clock.
func run(t *testing.T, client *fake.Clientset) (pods *Pods, told *changes, settle func()) {
	told = &changes{}
	pods = New(client, Options{
		Label: label, Except: []string{"kube-system"}, Changed: told.add,
		Keep: func(pod *corev1.Pod) bool { return slices.Contains(pod.Spec.Containers[0].Args, "taskmanager") },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); pods.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return pods, told, func() { time.Sleep(10 * time.Second); synctest.Wait() }
}

func names(pods []*corev1.Pod) string {
	var all []string
	for _, pod := range pods {
		all = append(all, key(pod))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestTheFleetIsWhatAsksForInjection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sidecar := pod("shop", "web", "")
		sidecar.Spec.Containers[0].Args = []string{"nginx"}
		ended := pod("shop", "ended", "")
		ended.Status.Phase = corev1.PodSucceeded
		client := selectingClient(t,
			namespace("shop", "enabled"), namespace("crm", ""), namespace("off", "disabled"), namespace("kube-system", "enabled"),
			pod("shop", "by-namespace", ""), pod("shop", "by-both", "enabled"), pod("shop", "out", "disabled"), sidecar, ended,
			pod("crm", "by-label", "enabled"), pod("crm", "unlabelled", ""),
			pod("off", "labelled-in-off", "enabled"), pod("off", "in-off", ""),
			pod("kube-system", "system", ""), pod("kube-system", "system-labelled", "enabled"),
		)
		pods, told, settle := run(t, client)
		settle()
		if !pods.Synced() {
			t.Fatal("not synced")
		}
		if got, want := names(pods.List("")), "crm/by-label off/labelled-in-off shop/by-both shop/by-namespace"; got != want {
			t.Errorf("the fleet is %s, want %s", got, want)
		}
		if got, want := names(pods.List("shop")), "shop/by-both shop/by-namespace"; got != want {
			t.Errorf("in shop: %s, want %s", got, want)
		}
		changed := told.take()
		for _, pod := range pods.List("") {
			if !slices.Contains(changed, key(pod)) || pods.Get(key(pod)) != pod {
				t.Errorf("%s was not told of, or is not there by its name", key(pod))
			}
		}
		for _, key := range []string{"crm/unlabelled", "shop/ended", "shop/web", "a/b/c"} {
			if pods.Get(key) != nil {
				t.Errorf("%s is there", key)
			}
		}
	})
}

func TestTheFleetFollowsLabels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := selectingClient(t, namespace("shop", ""), pod("shop", "a", ""))
		pods, told, settle := run(t, client)
		step := func(what string, change func(ctx context.Context) error, list string, changed ...string) {
			t.Helper()
			if err := change(t.Context()); err != nil {
				t.Fatal(err)
			}
			settle()
			if got := names(pods.List("")); got != list {
				t.Errorf("%s: the fleet is %q, want %q", what, got, list)
			}
			if got := told.take(); !slices.Equal(got, changed) {
				t.Errorf("%s: told of %v, want %v", what, got, changed)
			}
		}
		update := func(change func(*corev1.Pod)) func(context.Context) error {
			return func(ctx context.Context) error {
				p := pod("shop", "a", "")
				change(p)
				_, err := client.CoreV1().Pods("shop").Update(ctx, p, metav1.UpdateOptions{})
				return err
			}
		}
		label := func(inject string) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := client.CoreV1().Namespaces().Update(ctx, namespace("shop", inject), metav1.UpdateOptions{})
				return err
			}
		}
		step("at first nothing is labelled", func(context.Context) error { return nil }, "")
		step("the namespace is labelled", label("enabled"), "shop/a", "shop/a")
		step("a status is no change", update(func(p *corev1.Pod) { p.Status.Phase = corev1.PodRunning }), "shop/a")
		step("an annotation is one", update(func(p *corev1.Pod) { p.Annotations = map[string]string{"flink-hpa.dev/injected": "x"} }), "shop/a", "shop/a")
		step("the pod opts out", update(func(p *corev1.Pod) { p.Labels = asking("disabled") }), "", "shop/a")
		step("the pod opts in", update(func(p *corev1.Pod) { p.Labels = asking("enabled") }), "shop/a", "shop/a")
		step("the pod is gone", func(ctx context.Context) error {
			return client.CoreV1().Pods("shop").Delete(ctx, "a", metav1.DeleteOptions{})
		}, "", "shop/a")
		step("another one comes", func(ctx context.Context) error {
			_, err := client.CoreV1().Pods("shop").Create(ctx, pod("shop", "b", ""), metav1.CreateOptions{})
			return err
		}, "shop/b", "shop/b")
		step("the namespace is no longer labelled", label(""), "", "shop/b")
		step("nothing is heard of it", func(ctx context.Context) error {
			_, err := client.CoreV1().Pods("shop").Create(ctx, pod("shop", "c", ""), metav1.CreateOptions{})
			return err
		}, "")
		step("and is again", label("enabled"), "shop/b shop/c", "shop/b", "shop/c")
	})
}

func TestOnlyWhatIsUsedIsKept(t *testing.T) {
	pods := New(fake.NewClientset(), Options{Label: label, Keep: func(p *corev1.Pod) bool { return p.Name == "flink" }})
	full := pod("shop", "flink", "enabled")
	full.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "x"}}
	full.Annotations = map[string]string{"flink-hpa.dev/injected": "a=b", "large": strings.Repeat("x", 1000)}
	full.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "FLINK_PROPERTIES", Value: "a: b"}}
	full.Spec.Volumes = []corev1.Volume{{Name: "conf"}}
	full.Status.Message = "x"
	kept, err := pods.strip(full)
	if err != nil {
		t.Fatal(err)
	}
	got := kept.(*corev1.Pod)
	if got.Annotations["flink-hpa.dev/injected"] != "a=b" || got.Labels[label] != "enabled" || got.Spec.Containers[0].Env == nil || got.Spec.Volumes == nil {
		t.Errorf("lost what is used: %+v", got)
	}
	if len(got.Annotations) != 1 || got.ManagedFields != nil || got.Status.Message != "" {
		t.Errorf("kept what isn't: %+v", got)
	}
	if len(full.Annotations) != 2 {
		t.Error("the pod that was given is changed")
	}
	full.Name = "other"
	kept, _ = pods.strip(full)
	if got := kept.(*corev1.Pod); got.Labels != nil || got.Spec.Containers != nil || got.Name != "other" {
		t.Errorf("of a pod that doesn't matter: %+v", got)
	}
	if other, err := pods.strip("something else"); err != nil || other != "something else" {
		t.Errorf("got %v, %v", other, err)
	}
}
