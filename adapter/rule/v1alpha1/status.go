package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StatusMaxAge is how long a status counts after the rule was last looked at. Then HPAs get an error, and keep their replicas.
const StatusMaxAge = 90 * time.Second

// Types of the conditions in a status.
const (
	// ConditionCompiled is whether the newest spec can be used. Where it is False, the one before goes on.
	ConditionCompiled = "Compiled"
	// ConditionInputsFound is whether every number that the rule's expressions use has a value.
	ConditionInputsFound = "InputsFound"
	// ConditionFresh is whether there is a value, and it is one of now.
	ConditionFresh = "Fresh"
)

// ScalingRuleStatus is what came of a rule.
type ScalingRuleStatus struct {
	// observedGeneration is the generation of the spec that was looked at last.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// servingGeneration is the generation of the spec that is in use: an older one while the newest can't be used.
	// +optional
	ServingGeneration int64 `json:"servingGeneration,omitempty"`
	// value is how many TaskManagers HPAs are told; absent: they get an error.
	// +optional
	Value *int32 `json:"value,omitempty"`
	// wouldBe is the value that they would be told in mode Scale.
	// +optional
	WouldBe *int32 `json:"wouldBe,omitempty"`
	// reason is what decided the number, and what held it back.
	// +optional
	Reason string `json:"reason,omitempty"`
	// error is why there is no value, or why the newest spec is not in use.
	// +optional
	Error string `json:"error,omitempty"`
	// evaluated is when the rule was last looked at. It is written every 30 s at least.
	// +optional
	Evaluated *metav1.Time `json:"evaluated,omitempty"`
	// inputsTime is when the oldest number that the value was made of was true.
	// +optional
	InputsTime *metav1.Time `json:"inputsTime,omitempty"`
	// conditions are Compiled, InputsFound and Fresh.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// state is what the adapter goes on with after a restart, or on another replica.
	// +optional
	State State `json:"state,omitzero"`
	// lastGood is the spec that is in use while the newest can't be used.
	// +optional
	LastGood *ScalingRuleSpec `json:"lastGood,omitempty"`
}

// State is what a rule remembers from one round to the next.
type State struct {
	// value is the number after the last change, to which step limits and stabilization apply.
	// +optional
	Value *int32 `json:"value,omitempty"`
	// changed is when that was.
	// +optional
	Changed *metav1.Time `json:"changed,omitempty"`
	// held is the number that is served in mode Observe.
	// +optional
	Held *int32 `json:"held,omitempty"`
	// period is what the last evaluation found, in a rule with every.
	// +optional
	Period *Period `json:"period,omitempty"`
	// pending is since when another number is wanted.
	// +optional
	Pending *metav1.Time `json:"pending,omitempty"`
	// thresholds are those whose conditions hold.
	// +optional
	// +listType=map
	// +listMapKey=name
	Thresholds []ThresholdState `json:"thresholds,omitempty"`
}

// Period is what the last evaluation of a rule with every found.
type Period struct {
	// evaluated is when that was.
	Evaluated metav1.Time `json:"evaluated"`
	// taskManagers is what it found, before any limit.
	TaskManagers int32 `json:"taskManagers"`
	// inputsTime is when the oldest number that it was made of was true.
	InputsTime metav1.Time `json:"inputsTime"`
	// by is what was evaluated.
	By string `json:"by"`
}

// ThresholdState is a threshold whose condition holds.
type ThresholdState struct {
	// name is the threshold's.
	Name string `json:"name"`
	// since is since when the condition holds, later by the time in which it could not be evaluated.
	Since metav1.Time `json:"since"`
	// seen is when that was last looked at.
	Seen metav1.Time `json:"seen"`
	// met is whether the condition has held for long enough.
	Met bool `json:"met"`
}
