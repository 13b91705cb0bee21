package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

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

	mu     sync.Mutex
	values map[string]snapshot.Sample[float64] // by metric
	asked  []string
}

func newWorld(t *testing.T, objects ...*v1alpha1.ScalingRule) *world {
	w := &world{t: t, values: map[string]snapshot.Sample[float64]{}}
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
	w.values[metric] = snapshot.Sample[float64]{Value: value}
}

func (w *world) fails(metric, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.values[metric] = snapshot.Fail[float64](errors.New(why))
}

func (w *world) peek(namespace string, q rule.Question) snapshot.Sample[float64] {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, namespace+" "+q.Metric)
	sample, ok := w.values[q.Metric]
	if !ok {
		return snapshot.Fail[float64](snapshot.ErrNone)
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
	})
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx, func(ctx context.Context) { <-ctx.Done() }) }()
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

func TestARuleIsServedAndItsStatusSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, orders(nil))
		r := w.start(true)
		want(t, "before the rules are read", r.says(), errNotRead.Error())
		later(interval)
		want(t, "the value", r.says(), "3")
		s := w.status()
		want(t, "its conditions", conditions(s), "Compiled=True InputsFound=True Fresh=True")
		if ptr.Deref(s.Value, 0) != 3 || s.Reason != "expression" || s.Error != "" || s.ObservedGeneration != 1 || s.ServingGeneration != 1 || s.State.Changed == nil {
			t.Errorf("status %+v", s)
		}
		w.is("flink_desired_taskmanagers", 5)
		later(interval)
		want(t, "the next value", r.says(), "5")
		w.fails("flink_desired_taskmanagers", "the job restarts")
		later(interval)
		want(t, "without an input", r.says(), "expression: desired has no value: the job restarts")
		s = w.status()
		want(t, "its conditions then", conditions(s), "Compiled=True InputsFound=False Fresh=False")
		if s.Value != nil || ptr.Deref(s.State.Value, 0) != 5 || s.Error != "expression: desired has no value: the job restarts" {
			t.Errorf("status %+v", s)
		}
		if names := r.Names("shop"); len(names) != 1 || names[0] != "orders" || r.Names("crm") != nil {
			t.Errorf("names %v", names)
		}
	})
}

func TestAnEditThatDoesNotCompileLeavesTheLastGoodOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, orders(nil))
		r := w.start(true)
		later(interval)
		w.apply(orders(func(s *v1alpha1.ScalingRuleSpec) { s.Expression = "desired +" }))
		w.is("flink_desired_taskmanagers", 4)
		later(interval)
		want(t, "the last good one", r.says(), "4")
		s := w.status()
		want(t, "its conditions", conditions(s), "Compiled=False InputsFound=True Fresh=True")
		want(t, "its error", s.Error, `generation 2 of the spec can't be used, so that 1 goes on: spec.expression: Invalid value: "desired +"`)
		if s.ObservedGeneration != 2 || s.ServingGeneration != 1 || s.LastGood == nil || s.LastGood.Expression != "desired" {
			t.Errorf("status %+v", s)
		}
		r.stop()
		r = w.start(true)
		w.is("flink_desired_taskmanagers", 6)
		later(interval)
		want(t, "after a restart", r.says(), "6")
		w.apply(orders(func(s *v1alpha1.ScalingRuleSpec) { s.Expression = "desired + 1.0" }))
		later(interval)
		want(t, "once it is put right", r.says(), "7")
		if s := w.status(); s.LastGood != nil || s.Error != "" || s.ServingGeneration != 3 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestARuleThatNeverCompiledHasNoValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, orders(func(s *v1alpha1.ScalingRuleSpec) { s.Expression = "wanted" }))
		r := w.start(true)
		later(interval)
		want(t, "the error", r.says(), "the rule has never had a spec that can be used: spec.expression")
		want(t, "the conditions", conditions(w.status()), "Compiled=False Fresh=False")
	})
}

func TestOneReplicaDecidesAndTheOtherServesWhatItWrote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, orders(func(s *v1alpha1.ScalingRuleSpec) { s.Every = &metav1.Duration{Duration: time.Hour} }))
		a, b := w.start(true), w.start(false)
		later(2 * interval)
		w.is("flink_desired_taskmanagers", 9)
		later(time.Minute)
		want(t, "the one that decides", a.says(), "3")
		want(t, "the other", b.says(), "3")
		a.stop()
		later(maxStatusAge - refreshEvery - interval)
		want(t, "the other, for a while", b.says(), "3")
		later(2 * refreshEvery)
		want(t, "the other, when nobody decides", b.says(), errOutdated.Error())
		b.leads.Store(true)
		later(interval)
		want(t, "when it decides, within the hour", b.says(), "3")
		w.fails("flink_desired_taskmanagers", "the job restarts")
		later(interval)
		want(t, "what it could not find itself", fmt.Sprint(b.Known("shop", "orders")), "desired has no value here: the job restarts")
		w.is("flink_desired_taskmanagers", 9)
		later(time.Hour)
		want(t, "after the hour", b.says(), "9")
	})
}

func TestAStatusIsWrittenWhenSomebodyWouldSeeAChangeOrItIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, orders(nil))
		w.start(true)
		later(interval)
		first := w.writes.Load()
		later(10 * time.Minute)
		if got := w.writes.Load() - first; got < 19 || got > 20 {
			t.Errorf("%d writes in ten minutes without a change", got)
		}
		before := w.writes.Load()
		w.is("flink_desired_taskmanagers", 8)
		later(interval)
		if w.writes.Load() == before {
			t.Error("a change is not written")
		}
	})
}

func TestWithoutADefinitionThereAreNoRulesUntilThereIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, orders(nil))
		w.defined.Store(false)
		r := w.start(true)
		later(10 * time.Minute)
		want(t, "without it", r.says(), "no rule")
		if len(w.client.Actions()) > 2 { // get and create of the test itself
			t.Errorf("asked for rules all the same: %v", w.client.Actions())
		}
		w.defined.Store(true)
		later(lookEvery + interval)
		want(t, "with it", r.says(), "3")
	})
}

func TestOnlyTheNamespacesThatAreServedAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, orders(nil))
		r := w.start(true, "crm", "ops")
		later(interval)
		want(t, "a rule elsewhere", r.says(), "no rule")
		for _, action := range w.client.Actions() {
			if n := action.GetNamespace(); n == "" || n == "shop" && action.GetVerb() != "get" && action.GetVerb() != "create" {
				t.Errorf("%s in namespace %q", action.GetVerb(), n)
			}
		}
	})
}

func TestARuleThatIsDeletedIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, orders(nil))
		r := w.start(true)
		later(interval)
		if err := w.client.Resource(v1alpha1.GroupVersionResource()).Namespace("shop").Delete(t.Context(), "orders", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		later(interval)
		want(t, "then", r.says(), "no rule")
	})
}

// What is written is read back as it was, to the second.
func TestTheStateSurvives(t *testing.T) {
	at := metav1.NewTime(time.Unix(1_000_000, 0))
	state := v1alpha1.State{
		Value: ptr.To[int32](4), Held: ptr.To[int32](3), Changed: &at, Pending: &at,
		Period:     &v1alpha1.Period{Evaluated: at, TaskManagers: 5, InputsTime: at, By: "expression"},
		Thresholds: []v1alpha1.ThresholdState{{Name: "surge", Since: at, Seen: at, Met: true}},
	}
	data, err := json.Marshal(v1alpha1.ScalingRuleStatus{State: state})
	if err != nil {
		t.Fatal(err)
	}
	var back v1alpha1.ScalingRuleStatus
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if differs(v1alpha1.ScalingRuleStatus{State: state}, back) {
		t.Errorf("got %+v", back.State)
	}
}
