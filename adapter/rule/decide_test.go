package rule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

// look is one round: what is known then, and what the rule must say.
type look struct {
	at      time.Duration // since noon
	desired float64       // below 0: unknown
	age     float64       // of the oldest record, likewise
	want    int32         // below 0: an error
	says    string        // part of the reasons, or of the error
}

const none = -1

func (l look) readings() Readings {
	readings := Readings{"desired": known(l.desired), "inputs.age": known(l.age), "inputs.lag": known(0), "job.taskManagers": known(2)}
	if l.desired < 0 {
		readings["desired"] = unknown("the job restarts")
	}
	if l.age < 0 {
		readings["inputs.age"] = unknown("Kafka is down")
	}
	return readings
}

// follow runs a rule through rounds and returns what it remembers at last.
func follow(t *testing.T, p *Program, state v1alpha1.State, looks []look) v1alpha1.State {
	t.Helper()
	for _, l := range looks {
		var d Decision
		d, state = p.Evaluate(state, l.readings(), noon().Add(l.at))
		says := strings.Join(d.Reasons, ", ")
		got := int32(none)
		if d.Err != nil {
			says = d.Err.Error()
		} else {
			got = *d.Value
		}
		if got != l.want || !strings.Contains(says, l.says) {
			t.Errorf("after %s: %d TaskManagers, %q; want %d, %q", l.at, got, says, l.want, l.says)
		}
	}
	return state
}

// with is the rule desired with some policies. It changes at once unless they say otherwise.
func with(change func(*v1alpha1.ScalingRuleSpec)) v1alpha1.ScalingRuleSpec {
	s := spec("desired")
	s.Stabilization = &metav1.Duration{}
	change(&s)
	return s
}

func duration(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }

func surge(s *v1alpha1.ScalingRuleSpec) {
	s.Thresholds = []v1alpha1.Threshold{{Name: "surge", When: "inputs.age > 300.0", For: duration(2 * time.Minute)}}
}

func TestPolicies(t *testing.T) {
	const second, minute = time.Second, time.Minute
	for _, test := range []struct {
		name  string
		spec  v1alpha1.ScalingRuleSpec
		looks []look
	}{
		{"a rule follows its expression", with(func(*v1alpha1.ScalingRuleSpec) {}), []look{
			{0, 3, 0, 3, "expression"}, {5 * second, 5, 0, 5, "expression"}, {10 * second, none, 0, none, "expression: desired has no value: the job restarts"}, {15 * second, 5, 0, 5, ""}}},
		{"several wishes within the stabilization make one change", with(func(s *v1alpha1.ScalingRuleSpec) { s.Stabilization = duration(30 * second) }), []look{
			{0, 3, 0, 3, ""}, {5 * second, 4, 0, 3, "4 from 12:00:35 on"}, {15 * second, 7, 0, 3, "7 from 12:00:35 on"}, {30 * second, none, 0, none, ""},
			{35 * second, 6, 0, 6, "expression"}, {40 * second, 7, 0, 6, "7 from 12:01:10 on"}}},
		{"a wish that is over makes none", with(func(s *v1alpha1.ScalingRuleSpec) { s.Stabilization = nil }), []look{
			{0, 3, 0, 3, ""}, {5 * second, 4, 0, 3, "4 from"}, {10 * second, 3, 0, 3, ""}, {40 * second, 4, 0, 3, "4 from 12:01:10 on"}}},
		{"with every the number stays between two times", with(func(s *v1alpha1.ScalingRuleSpec) { s.Every = duration(time.Hour) }), []look{
			{0, 3, 0, 3, "expression"}, {5 * second, 9, 0, 3, ""}, {59 * minute, none, 0, 3, ""}, {time.Hour, none, 0, none, "the job restarts"}, {time.Hour + minute, 5, 0, 5, ""}, {2 * time.Hour, 9, 0, 5, ""}}},
		{"a threshold that is met has it evaluated between two times", with(func(s *v1alpha1.ScalingRuleSpec) { s.Every = duration(time.Hour); surge(s) }), []look{
			{0, 3, 0, 3, ""}, {minute, 8, 301, 3, ""}, {2 * minute, 8, 301, 3, ""}, {3 * minute, 8, 301, 8, "threshold surge"}, {4 * minute, 9, 301, 9, ""}, {5 * minute, 2, 10, 9, ""},
			{64 * minute, 2, 10, 2, "expression"}}},
		{"a condition that stops in between is not met", with(func(s *v1alpha1.ScalingRuleSpec) { s.Every = duration(time.Hour); surge(s) }), []look{
			{0, 3, 301, 3, ""}, {minute, 8, 200, 3, ""}, {2 * minute, 8, 301, 3, ""}, {3 * minute, 8, 301, 3, ""}, {4 * minute, 8, 301, 8, ""}}},
		{"time in which a condition is unknown doesn't count", with(func(s *v1alpha1.ScalingRuleSpec) { s.Every = duration(time.Hour); surge(s) }), []look{
			{0, 3, 301, 3, ""}, {minute, 8, 301, 3, ""}, {4 * minute, 8, none, 3, ""}, {4*minute + second, 8, 301, 3, ""}, {5 * minute, 8, 301, 8, "threshold surge"}}},
		{"a threshold that is met stays so while it is unknown", with(func(s *v1alpha1.ScalingRuleSpec) {
			surge(s)
			s.Thresholds[0].For = nil
			s.Thresholds[0].Expression = "12.0"
		}), []look{
			{0, 3, 301, 12, "threshold surge"}, {time.Hour, 3, none, 12, "a threshold that is met and can't be evaluated now"}, {2 * time.Hour, 3, 0, 3, "expression"}}},
		{"nothing is added while a threshold that is met is unknown", with(func(s *v1alpha1.ScalingRuleSpec) {
			surge(s)
			s.Thresholds[0].For = nil
			s.Thresholds[0].Expression = "current + 1.0"
		}), []look{
			{0, 3, 0, 3, ""}, {second, 3, 301, 4, "threshold surge"}, {2 * second, 3, none, 4, "can't be evaluated now"}, {3 * second, 3, none, 4, ""}, {4 * second, 3, 301, 5, ""}}},
		{"the largest of several thresholds counts", with(func(s *v1alpha1.ScalingRuleSpec) {
			surge(s)
			s.Thresholds = append(s.Thresholds, v1alpha1.Threshold{Name: "other", When: "inputs.age > 500.0", Expression: "9.0"})
		}), []look{{0, 3, 0, 3, ""}, {second, 3, 600, 9, "threshold other"}, {3 * minute, 11, 600, 11, "threshold surge"}}},
		{"a floor", with(func(s *v1alpha1.ScalingRuleSpec) {
			s.Schedules = []v1alpha1.Schedule{{Name: "day", Start: "1 12 * * *", End: "3 12 * * *", Floor: ptr.To[int32](5)}}
		}), []look{{0, 3, 0, 3, "expression"}, {minute, 3, 0, 5, "expression, floor of schedule day"}, {2 * minute, 7, 0, 7, "expression"}, {3 * minute, 3, 0, 3, ""}}},
		{"a fixed number needs no expression", with(func(s *v1alpha1.ScalingRuleSpec) {
			s.Schedules = []v1alpha1.Schedule{{Name: "batch", Start: "1 12 * * *", End: "3 12 * * *", Fixed: ptr.To[int32](5)}}
		}), []look{{0, 3, 0, 3, ""}, {minute, none, 0, 5, "schedule batch"}, {2 * minute, 9, 0, 5, ""}, {3 * minute, 9, 0, 9, ""}}},
		{"an override counts at once, and ends by itself", with(func(s *v1alpha1.ScalingRuleSpec) {
			s.Stabilization, s.Limits = nil, &v1alpha1.Limits{StepUp: ptr.To[int32](1)}
			s.Override = &v1alpha1.Override{TaskManagers: 8, Until: metav1.NewTime(noon().Add(time.Hour)), By: "alice"}
		}), []look{{0, 3, 0, 8, "override by alice until 2026-07-01T13:00:00Z"}, {59 * minute, none, 0, 8, ""}, {time.Hour, 3, 0, 8, "3 from 13:00:30 on"}, {time.Hour + minute, 3, 0, 3, ""}}},
		{"a pause keeps the number", with(func(s *v1alpha1.ScalingRuleSpec) { s.Mode = v1alpha1.ModePause }), []look{{0, 3, 0, 2, "paused"}, {minute, none, none, 2, "paused"}}},
		{"a ceiling", with(func(s *v1alpha1.ScalingRuleSpec) { s.Limits = &v1alpha1.Limits{Max: ptr.To[int32](6)} }), []look{{0, 9, 0, 6, "limits.max, 9 wanted"}, {second, 5, 0, 5, ""}}},
		{"a least number", with(func(s *v1alpha1.ScalingRuleSpec) { s.Limits = &v1alpha1.Limits{Min: ptr.To[int32](2)} }), []look{{0, 0, 0, 2, "limits.min, 0 wanted"}}},
		{"the ceiling holds for an override, too", with(func(s *v1alpha1.ScalingRuleSpec) {
			s.Limits = &v1alpha1.Limits{Max: ptr.To[int32](6)}
			s.Override = &v1alpha1.Override{TaskManagers: 8, Until: metav1.NewTime(noon().Add(time.Hour)), By: "alice"}
		}), []look{{0, 3, 0, 6, "limits.max, 8 wanted"}}},
		{"steps", with(func(s *v1alpha1.ScalingRuleSpec) {
			s.Stabilization, s.Limits = nil, &v1alpha1.Limits{StepUp: ptr.To[int32](2), StepDown: ptr.To[int32](1)}
		}), []look{{0, 9, 0, 4, "limits.stepUp, 9 wanted"}, {5 * second, 9, 0, 4, "limits.stepUp, 9 wanted, 6 from 12:00:35"}, {35 * second, 9, 0, 6, "limits.stepUp"},
			{40 * second, 0, 0, 6, "5 from"}, {70 * second, 0, 0, 5, "limits.stepDown, 0 wanted"}}},
	} {
		t.Run(test.name, func(t *testing.T) { follow(t, compiled(t, test.spec), v1alpha1.State{}, test.looks) })
	}
}

func TestObserveHoldsWhatThereIsAndSaysWhatItWouldHaveDone(t *testing.T) {
	observed := compiled(t, with(func(s *v1alpha1.ScalingRuleSpec) {
		s.Mode = v1alpha1.ModeObserve
		s.Limits = &v1alpha1.Limits{StepUp: ptr.To[int32](1)}
	}))
	state := v1alpha1.State{}
	for i, want := range []int32{3, 4, 5} { // two run, and each round would add one
		var d Decision
		d, state = observed.Evaluate(state, look{desired: 9}.readings(), noon().Add(time.Duration(i)*time.Minute))
		if d.Err != nil || *d.Value != 2 || *d.WouldBe != want {
			t.Errorf("round %d: %s", i, show(d))
		}
	}
	d, state := observed.Evaluate(state, look{desired: none}.readings(), noon().Add(time.Hour))
	if d.Err == nil || *d.Value != 2 || d.WouldBe != nil {
		t.Errorf("without an answer: %s", show(d))
	}
	follow(t, compiled(t, with(func(s *v1alpha1.ScalingRuleSpec) { s.Limits = &v1alpha1.Limits{StepUp: ptr.To[int32](1)} })), state,
		[]look{{2 * time.Hour, 9, 0, 3, "limits.stepUp, 9 wanted"}})
}

func show(d Decision) string {
	return fmt.Sprintf("%v, would be %v, %v, %v", ptr.Deref(d.Value, none), ptr.Deref(d.WouldBe, none), d.Reasons, d.Err)
}

func TestWithoutANumberThereIsNothingToKeep(t *testing.T) {
	readings := look{desired: 4}.readings()
	readings["job.taskManagers"] = unknown("no JobManager")
	for _, test := range []struct {
		name   string
		change func(*v1alpha1.ScalingRuleSpec)
		want   string
	}{
		{"paused", func(s *v1alpha1.ScalingRuleSpec) { s.Mode = v1alpha1.ModePause }, "there is no number yet that could be kept: no JobManager"},
		{"observed", func(s *v1alpha1.ScalingRuleSpec) { s.Mode = v1alpha1.ModeObserve }, "there is no number yet that could be held: no JobManager"},
		{"in steps", func(s *v1alpha1.ScalingRuleSpec) { s.Limits = &v1alpha1.Limits{StepDown: ptr.To[int32](1)} }, "spec.limits needs to know how many TaskManagers run: no JobManager"},
	} {
		d, _ := compiled(t, with(test.change)).Evaluate(v1alpha1.State{}, readings, noon())
		if d.Value != nil || d.Err == nil || d.Err.Error() != test.want {
			t.Errorf("%s: %s", test.name, show(d))
		}
	}
}

func TestARuleGoesOnFromWhatItRemembers(t *testing.T) {
	p := compiled(t, with(func(s *v1alpha1.ScalingRuleSpec) {
		s.Every = duration(time.Hour)
		surge(s)
		s.Stabilization = duration(time.Minute)
	}))
	state := follow(t, p, v1alpha1.State{}, []look{{0, 3, 0, 3, ""}, {time.Minute, 8, 301, 3, ""}})
	again := compiled(t, *p.Spec())
	follow(t, again, state, []look{{3 * time.Minute, 8, 301, 3, "threshold surge, 8 from 12:04:00"}, {4 * time.Minute, 8, 301, 8, ""}, {50 * time.Minute, 1, 0, 8, ""}})
}

func TestAnEditCountsAtTheNextRound(t *testing.T) {
	p := compiled(t, with(func(s *v1alpha1.ScalingRuleSpec) { s.Every = duration(time.Hour); surge(s) }))
	state := follow(t, p, v1alpha1.State{}, []look{{0, 3, 301, 3, ""}})
	edited := compiled(t, with(func(s *v1alpha1.ScalingRuleSpec) {
		s.Expression, s.Every = "desired + 1.0", duration(time.Hour)
		surge(s)
	}))
	if state = edited.Renew(p, state); len(state.Thresholds) != 1 {
		t.Error("a condition that is the same doesn't go on")
	}
	state = follow(t, edited, state, []look{{time.Minute, 3, 301, 4, ""}})
	other := compiled(t, with(func(s *v1alpha1.ScalingRuleSpec) { surge(s); s.Thresholds[0].When = "inputs.age > 200.0" }))
	if state = other.Renew(edited, state); len(state.Thresholds) != 0 {
		t.Error("another condition goes on as if it had held")
	}
}

func TestWhatIsUnknownIsNamed(t *testing.T) {
	p := compiled(t, with(surge))
	d, _ := p.Evaluate(v1alpha1.State{}, look{desired: 3, age: none}.readings(), noon())
	if d.Err != nil || len(d.Missing) != 1 || d.Missing[0].Error() != "inputs.age has no value: Kafka is down" ||
		len(d.Unknown) != 1 || d.Unknown[0].Error() != "threshold surge: inputs.age has no value: Kafka is down" {
		t.Errorf("got %+v", d)
	}
}
