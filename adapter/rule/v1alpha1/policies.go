package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Threshold is a condition that is met when it has held for a while.
type Threshold struct {
	// name is how the status calls it.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Name string `json:"name"`
	// when is the condition, in CEL. What can't be evaluated neither holds nor stops to hold: that time doesn't count.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	When string `json:"when"`
	// for is how long it has to hold. 0s by default.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s')",message="must not be negative"
	For *metav1.Duration `json:"for,omitempty"`
	// expression takes the place of the rule's own as long as the threshold is met. Of several that are met the largest number counts.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Expression string `json:"expression,omitempty"`
}

// Schedule is a window of time that comes again, with a number of its own.
//
// +kubebuilder:validation:XValidation:rule="has(self.floor) != has(self.fixed)",message="either floor or fixed is needed: floor is the least, fixed the number itself"
type Schedule struct {
	// name is how the status calls it.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Name string `json:"name"`
	// start is when the window begins: minute, hour, day of month, month and day of week, as cron has them.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=100
	Start string `json:"start"`
	// end is when it ends, likewise. At a moment that is both, it begins anew.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=100
	End string `json:"end"`
	// timeZone is whose clocks start and end are read from, as the IANA names it: Europe/Berlin.
	// +optional
	// +kubebuilder:default=UTC
	// +kubebuilder:validation:MaxLength=63
	TimeZone string `json:"timeZone,omitempty"`
	// floor is the least number of TaskManagers in the window.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	Floor *int32 `json:"floor,omitempty"`
	// fixed is the number of TaskManagers in the window, whatever the expression says.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	Fixed *int32 `json:"fixed,omitempty"`
}

// Override is a number that somebody sets by hand.
type Override struct {
	// taskManagers is the number.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	TaskManagers int32 `json:"taskManagers"`
	// until is when it ends by itself.
	// +required
	Until metav1.Time `json:"until"`
	// by is who set it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	By string `json:"by"`
}

// Limits are what the number must keep, whatever it comes from.
//
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || self.min <= self.max",message="min must not be more than max"
type Limits struct {
	// min is the least number of TaskManagers.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	Min *int32 `json:"min,omitempty"`
	// max is the largest.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	Max *int32 `json:"max,omitempty"`
	// stepUp is how many TaskManagers one change may add. An override is one step, whatever it adds.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	StepUp *int32 `json:"stepUp,omitempty"`
	// stepDown is how many it may take away.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	StepDown *int32 `json:"stepDown,omitempty"`
}
