package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// MemoryAdviceKind is the kind of MemoryAdvices.
	MemoryAdviceKind = "MemoryAdvice"
	// MemoryAdviceResource is their name in a path.
	MemoryAdviceResource = "memoryadvices"
)

// MemoryAdviceGVR is what clients without types ask for.
func MemoryAdviceGVR() schema.GroupVersionResource {
	return GroupVersion().WithResource(MemoryAdviceResource)
}

// MemoryAdvice is how much memory the TaskManagers of a job should have, and what those that start are given. The adapter makes one for each workload
// whose pods have the label flink-hpa.dev/memory: enabled, with the workload's name. Deleted, it begins anew.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=madvice
// +kubebuilder:printcolumn:name=Advised,type=string,JSONPath=`.status.advised`,description="Size of the process that would be enough"
// +kubebuilder:printcolumn:name=Current,type=string,JSONPath=`.status.current`,description="Size of the largest that runs"
// +kubebuilder:printcolumn:name=Injected,type=string,JSONPath=`.status.injected`,description="Size that those are given that start; empty: what their owner says"
// +kubebuilder:printcolumn:name=Live,type=string,JSONPath=`.status.live`,description="Heap in use when garbage has been collected"
// +kubebuilder:printcolumn:name=Reason,type=string,JSONPath=`.status.reason`,description="Why that is injected"
// +kubebuilder:printcolumn:name=Error,type=string,priority=1,JSONPath=`.status.error`,description="Why there is no advice"
type MemoryAdvice struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// status is all there is, written by the adapter.
	// +optional
	Status MemoryAdviceStatus `json:"status,omitzero"`
}

// MemoryAdviceList is several of them.
//
// +kubebuilder:object:root=true
type MemoryAdviceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MemoryAdvice `json:"items"`
}

// MemoryAdviceStatus is what is known of the memory of a job's TaskManagers.
type MemoryAdviceStatus struct {
	// target is the workload of the TaskManagers.
	// +optional
	Target Workload `json:"target,omitzero"`
	// jobManager is the workload of their job's JobManager.
	// +optional
	JobManager Workload `json:"jobManager,omitzero"`
	// advised is the taskmanager.memory.process.size that would be enough; absent: error says why it is not known.
	// +optional
	Advised *resource.Quantity `json:"advised,omitempty"`
	// current is the size of the largest TaskManager that runs.
	// +optional
	Current *resource.Quantity `json:"current,omitempty"`
	// live is the heap in use when garbage has been collected: what the advice is from.
	// +optional
	Live *resource.Quantity `json:"live,omitempty"`
	// advice says it in a sentence.
	// +optional
	Advice string `json:"advice,omitempty"`
	// error is why there is no advice.
	// +optional
	Error string `json:"error,omitempty"`

	// injected is the size that the webhook gives to TaskManagers that start; absent: what their owner says.
	// +optional
	Injected *resource.Quantity `json:"injected,omitempty"`
	// since is when that was decided.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
	// all is when all TaskManagers were first seen with it.
	// +optional
	All *metav1.Time `json:"all,omitempty"`
	// reason is why it is that.
	// +optional
	Reason string `json:"reason,omitempty"`
	// failed is when a TaskManager last ran out of memory.
	// +optional
	Failed *metav1.Time `json:"failed,omitempty"`
	// failure is what happened then.
	// +optional
	Failure string `json:"failure,omitempty"`

	// parts are what was seen of the memory, the oldest first: what the adapter goes on with after a restart, or on another replica.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=25
	Parts []MemoryPart `json:"parts,omitempty"`
}

// Workload is what pods are made by, in the same namespace.
type Workload struct {
	// kind is such as Deployment.
	// +required
	Kind string `json:"kind"`
	// name is its name.
	// +required
	Name string `json:"name"`
}

// MemoryPart is what was seen in one part of the time that is looked back on. Sizes are bytes, of the TaskManager where they are largest.
type MemoryPart struct {
	// start is when it began.
	Start metav1.Time `json:"start"`
	// live is the heap in use when garbage had been collected; absent: not known.
	// +optional
	Live int64 `json:"live,omitempty"`
	// counted is whether the JVM counted an old collection for that.
	// +optional
	Counted bool `json:"counted,omitempty"`
	// atMost is the least heap in use.
	AtMost int64 `json:"atMost"`
	// heap is the size of the heap that it was seen in.
	Heap int64 `json:"heap"`
	// managed is the most managed memory in use.
	Managed int64 `json:"managed"`
	// network is the most network memory in use.
	Network int64 `json:"network"`
}
