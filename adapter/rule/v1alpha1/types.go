package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ScalingRule says how many TaskManagers a job is to have. Its value is an external metric with the rule's name, in the rule's namespace:
// an HPA on it has the target AverageValue 1.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=srule
// +kubebuilder:printcolumn:name=Value,type=integer,JSONPath=`.status.value`,description="TaskManagers that HPAs are told"
// +kubebuilder:printcolumn:name=Evaluated,type=date,JSONPath=`.status.evaluated`,description="When the value was last found, to half a minute"
// +kubebuilder:printcolumn:name=Changed,type=date,JSONPath=`.status.state.changed`,description="When the value last changed"
// +kubebuilder:printcolumn:name=Reason,type=string,JSONPath=`.status.reason`,description="What decided the value"
// +kubebuilder:printcolumn:name=Error,type=string,priority=1,JSONPath=`.status.error`,description="Why there is no value, or why the newest spec is not in use"
// +kubebuilder:validation:XValidation:rule="!self.metadata.name.startsWith('flink_') && !self.metadata.name.startsWith('kafka_')",message="names with flink_ and kafka_ in front are the adapter's own metrics"
type ScalingRule struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the rule says.
	// +required
	Spec ScalingRuleSpec `json:"spec"`
	// status is what came of it, written by the adapter.
	// +optional
	Status ScalingRuleStatus `json:"status,omitzero"`
}

// ScalingRuleList is several of them.
//
// +kubebuilder:object:root=true
type ScalingRuleList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ScalingRule `json:"items"`
}

// Mode is what becomes of what a rule finds.
//
// +kubebuilder:validation:Enum=Scale;Observe;Pause
type Mode string

const (
	// ModeScale serves what the rule finds.
	ModeScale Mode = "Scale"
	// ModeObserve serves the number that there was when it began, and says in the status what the rule would have served.
	ModeObserve Mode = "Observe"
	// ModePause keeps the number as it is, whatever the rule finds.
	ModePause Mode = "Pause"
)

// ScalingRuleSpec is what a rule says.
type ScalingRuleSpec struct {
	// job is the Flink job that the rule is about. Expressions may then use job, desired and current.
	// +optional
	Job *Job `json:"job,omitempty"`

	// inputs are numbers that expressions use as inputs.NAME.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Inputs []Input `json:"inputs,omitempty"`

	// expression is how many TaskManagers there are to be, in CEL: a number from 0 on, which is rounded up. Numbers are doubles: 2.0, not 2.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Expression string `json:"expression"`

	// mode is what becomes of the number.
	// +optional
	// +kubebuilder:default=Scale
	Mode Mode `json:"mode,omitempty"`

	// every is how often the expression is evaluated; between two times its number stays, unless a threshold is met. Without it, every
	// five seconds.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m')",message="must be 1m or more; leave it out to evaluate every five seconds"
	Every *metav1.Duration `json:"every,omitempty"`

	// thresholds are met when a condition has held for a while. The expression is then evaluated at once, whatever every says, or another one.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Thresholds []Threshold `json:"thresholds,omitempty"`

	// schedules are windows of time with a number of their own. Where several with fixed overlap, the first of the list counts.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Schedules []Schedule `json:"schedules,omitempty"`

	// override is a number that somebody sets by hand, until a time. It counts at once, before schedules and the expression, whatever stabilization
	// and the step limits say.
	// +optional
	Override *Override `json:"override,omitempty"`

	// stabilization is how long the rule gathers reasons to change before it makes one change of them, and so the least time between two
	// changes. 30s by default.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('1h')",message="must be 0s to 1h"
	Stabilization *metav1.Duration `json:"stabilization,omitempty"`

	// limits are what the number must keep, whatever it comes from.
	// +optional
	Limits *Limits `json:"limits,omitempty"`
}

// Job is a Flink job, by its JobManager.
type Job struct {
	// selector is the labels of the job's JobManager pod, which also carries component: jobmanager, in the rule's namespace.
	// +required
	Selector metav1.LabelSelector `json:"selector"`
	// kafkaCluster is the Kafka cluster that the job reads, where the adapter has several.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	KafkaCluster string `json:"kafkaCluster,omitempty"`
}

// Input is one number that expressions use.
//
// +kubebuilder:validation:XValidation:rule="!has(self.kafka) || self.metric.startsWith('kafka_')",message="kafka is for the metrics kafka_consumergroup_*"
// +kubebuilder:validation:XValidation:rule="!has(self.kafka) || !has(self.selector)",message="selector and kafka exclude each other: keep one of the two"
type Input struct {
	// name is how expressions call it: inputs.NAME.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z][A-Za-z0-9]*$`
	Name string `json:"name"`
	// metric is one of the adapter's own metrics.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^(flink|kafka)_[a-z_]+$`
	Metric string `json:"metric"`
	// selector is what an HPA would say.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// kafka names a consumer group and topics in place of the selector, for names that no label can hold.
	// +optional
	Kafka *KafkaNames `json:"kafka,omitempty"`
}

// KafkaNames are a consumer group and some of the topics that it reads.
//
// +kubebuilder:validation:XValidation:rule="!has(self.topics) || !has(self.topicPattern)",message="topics and topicPattern exclude each other: keep one of the two"
type KafkaNames struct {
	// cluster is the Kafka cluster, where the adapter has several.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Cluster string `json:"cluster,omitempty"`
	// group is the consumer group.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Group string `json:"group"`
	// topics are summed up. Without topics and topicPattern, all that the group has committed are.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=249
	Topics []string `json:"topics,omitempty"`
	// topicPattern is a regular expression (RE2) for whole names of topics.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	TopicPattern string `json:"topicPattern,omitempty"`
}
