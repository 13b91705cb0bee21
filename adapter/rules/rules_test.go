package rules

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/adapter/objects"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

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
		later(v1alpha1.StatusMaxAge - refreshEvery - interval)
		want(t, "the other, for a while", b.says(), "3")
		want(t, "the jobs that rules are about", fmt.Sprint(len(b.Jobs())), "1")
		later(2 * refreshEvery)
		want(t, "the other, when nobody decides", b.says(), errOutdated.Error())
		b.leads.Store(true)
		later(interval)
		want(t, "when it decides, within the hour", b.says(), "3")
		want(t, "the jobs that rules are about, as it knows them", fmt.Sprint(len(b.Jobs())), "1")
		w.fails("flink_desired_taskmanagers", "the job restarts")
		later(interval)
		want(t, "what it could not find itself", fmt.Sprint(b.Known("shop", "orders")), "desired has no value here: the job restarts")
		w.is("flink_desired_taskmanagers", 9)
		b.stop()
		b = w.start(true)
		later(interval)
		want(t, "after a restart, within the hour", b.says(), "3")
		later(time.Hour)
		want(t, "after the hour", b.says(), "9")
	})
}

func TestAnEditOfARuleWithAPeriodCountsAtOnce(t *testing.T) {
	hourly := func(expression string) *v1alpha1.ScalingRule {
		return orders(func(s *v1alpha1.ScalingRuleSpec) {
			s.Every, s.Expression = &metav1.Duration{Duration: time.Hour}, expression
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, hourly("desired"))
		a, b := w.start(true), w.start(false)
		later(interval)
		w.apply(hourly("desired + 1.0"))
		later(interval)
		want(t, "edited", a.says(), "4")
		a.stop()
		w.apply(hourly("desired + 2.0"))
		later(interval)
		want(t, "edited while nobody decides", b.says(), "4")
		b.leads.Store(true)
		later(interval)
		want(t, "by the one that decides then", b.says(), "5")
	})
}

func TestAReplicaThatDoesNotDecideTellsWhetherItCould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, orders(nil))
		w.start(true)
		b := w.start(false)
		later(2 * interval)
		if err := b.Known("shop", "orders"); err != nil {
			t.Errorf("it could: %v", err)
		}
		w.fails("flink_desired_taskmanagers", "nothing has been collected yet")
		later(interval)
		want(t, "when it couldn't", fmt.Sprint(b.Known("shop", "orders")), "desired has no value here: nothing has been collected yet")
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
		later(objects.LookEvery + interval)
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

func TestAChangeIsToldOnceByTheReplicaThatDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, orders(nil))
		first, second := w.start(true), w.start(false)
		later(interval)
		w.is("flink_desired_taskmanagers", 5)
		later(2 * interval)
		w.fails("flink_desired_taskmanagers", "the job restarts")
		later(interval)
		w.is("flink_desired_taskmanagers", 5) // the same as before it was unknown
		later(interval)
		first.stop()
		second.leads.Store(true)
		later(interval)
		w.is("flink_desired_taskmanagers", 4)
		later(2 * interval)
		w.mu.Lock()
		defer w.mu.Unlock()
		if got := strings.Join(w.changes, "; "); got != "shop/orders from 3 to 5: expression; shop/orders from 5 to 4: expression" {
			t.Errorf("told is %q", got)
		}
	})
}
