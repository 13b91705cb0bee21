// Package v1alpha1 is the API of flink-hpa: ScalingRules, which say what a namespace wants scaled by, and MemoryAdvices, which say how much memory
// the TaskManagers of a job should have.
//
// The definition of the resource and the deep copies are generated from these types by make update.
//
// +kubebuilder:object:generate=true
// +groupName=flink-hpa.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// Group is the API group.
	Group = "flink-hpa.dev"
	// Version is this version of it.
	Version = "v1alpha1"
	// Kind is the kind of ScalingRules.
	Kind = "ScalingRule"
	// Resource is their name in a path.
	Resource = "scalingrules"
)

// GroupVersion is the group and version of this package.
func GroupVersion() schema.GroupVersion { return schema.GroupVersion{Group: Group, Version: Version} }

// GroupVersionResource is what clients without types ask for.
func GroupVersionResource() schema.GroupVersionResource { return GroupVersion().WithResource(Resource) }

// AddToScheme makes a scheme know the types.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion(), &ScalingRule{}, &ScalingRuleList{}, &MemoryAdvice{}, &MemoryAdviceList{})
	metav1.AddToGroupVersion(scheme, GroupVersion())
	return nil
}
