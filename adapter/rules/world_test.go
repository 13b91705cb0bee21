package rules

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/rule"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// world is what several replicas share: the API server, and how the jobs fare.
type world struct {
	t       *testing.T
	client  *fake.FakeDynamicClient
	defined atomic.Bool
	writes  atomic.Int64

	mu      sync.Mutex
	values  map[string]snapshot.Sample[any] // by metric
	asked   []string
	changes []string // that replicas told
}

func newWorld(t *testing.T, objects ...*v1alpha1.ScalingRule) *world {
	w := &world{t: t, values: map[string]snapshot.Sample[any]{}}
	w.defined.Store(true)
	w.client = fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		v1alpha1.GroupVersionResource(): "ScalingRuleList",
	})
	w.client.PrependReactor("update", "scalingrules", func(clienttesting.Action) (bool, runtime.Object, error) {
		w.writes.Add(1)
		return false, nil, nil
	})
	for _, object := range objects {
		w.apply(object)
	}
	w.is("flink_desired_taskmanagers", 3)
	w.is("flink_taskmanagers", 1)
	return w
}

// apply creates a rule or changes its spec, as kubectl would.
func (w *world) apply(object *v1alpha1.ScalingRule) {
	w.t.Helper()
	object = object.DeepCopy()
	object.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion().String(), Kind: v1alpha1.Kind}
	rules := w.client.Resource(v1alpha1.GroupVersionResource()).Namespace(object.Namespace)
	if before, err := rules.Get(w.t.Context(), object.Name, metav1.GetOptions{}); err == nil {
		before.Object["spec"] = w.unstructured(object).Object["spec"]
		before.SetGeneration(before.GetGeneration() + 1)
		if _, err := rules.Update(w.t.Context(), before, metav1.UpdateOptions{}); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	object.Generation, object.UID = 1, "uid"
	if _, err := rules.Create(w.t.Context(), w.unstructured(object), metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) unstructured(object *v1alpha1.ScalingRule) *unstructured.Unstructured {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		w.t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: content}
}

func (w *world) is(metric string, value float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.values[metric] = snapshot.Sample[any]{Value: value}
}

func (w *world) fails(metric, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.values[metric] = snapshot.Fail[any](errors.New(why))
}

func (w *world) peek(namespace string, q rule.Question) snapshot.Sample[any] {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, namespace+" "+q.Metric)
	sample, ok := w.values[q.Metric]
	if !ok {
		return snapshot.Fail[any](snapshot.ErrNone)
	}
	sample.Time = time.Now()
	return sample
}

// resources is what discovery says.
func (w *world) resources(_ context.Context, version string) (*metav1.APIResourceList, error) {
	if !w.defined.Load() {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: version}, "")
	}
	return &metav1.APIResourceList{APIResources: []metav1.APIResource{{Name: v1alpha1.Resource}}}, nil
}

// replica is one of the adapter's.
type replica struct {
	*Rules
	leads atomic.Bool
	stop  func()
}

func (w *world) start(leads bool, namespaces ...string) *replica {
	r := &replica{}
	r.leads.Store(leads)
	r.Rules = New(Options{
		Dynamic: w.client, Resources: w.resources, Namespaces: namespaces, Peek: w.peek, Leads: r.leads.Load, Clock: clock.RealClock{},
		Serves: func(metric string) bool { return strings.HasPrefix(metric, "flink_") },
		Changed: func(rule types.NamespacedName, from, to int32, reason string, _ time.Time) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.changes = append(w.changes, fmt.Sprintf("%s from %d to %d: %s", rule, from, to, reason))
		},
	})
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() { cancel(); <-done })
	w.t.Cleanup(r.stop)
	return r
}

// later lets time pass, and what is under way in it end.
func later(d time.Duration) { time.Sleep(d + time.Millisecond); synctest.Wait() }

// says is what an HPA on the rule orders in namespace shop gets.
func (r *replica) says() string {
	sample, ok := r.Value("shop", "orders")
	switch {
	case !ok:
		return "no rule"
	case sample.Err != nil:
		return sample.Err.Error()
	}
	return fmt.Sprint(sample.Value)
}

func (w *world) status() v1alpha1.ScalingRuleStatus {
	w.t.Helper()
	object, err := w.client.Resource(v1alpha1.GroupVersionResource()).Namespace("shop").Get(w.t.Context(), "orders", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	var found v1alpha1.ScalingRule
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &found); err != nil {
		w.t.Fatal(err)
	}
	return found.Status
}

func orders(change func(*v1alpha1.ScalingRuleSpec)) *v1alpha1.ScalingRule {
	r := &v1alpha1.ScalingRule{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders"}, Spec: v1alpha1.ScalingRuleSpec{
		Job: &v1alpha1.Job{}, Expression: "desired", Stabilization: &metav1.Duration{},
	}}
	if change != nil {
		change(&r.Spec)
	}
	return r
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want && (len(want) < 6 || !strings.Contains(got, want)) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func conditions(status v1alpha1.ScalingRuleStatus) string {
	var all []string
	for _, c := range status.Conditions {
		all = append(all, c.Type+"="+string(c.Status))
	}
	return strings.Join(all, " ")
}
