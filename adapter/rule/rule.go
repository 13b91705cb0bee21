// Package rule is the arithmetic of ScalingRules: from a spec to a program, and from what is known and remembered to how many
// TaskManagers there are to be. It knows no clock, no network and no Kubernetes but its types.
package rule

import (
	"regexp"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// Names of variables in expressions, beside inputs.NAME and job.FIELD.
const (
	// Desired is how many TaskManagers the job is said to need, flink_desired_taskmanagers.
	Desired = "desired"
	// Current is the number after the rule's last change; before the first, that of TaskManagers which run.
	Current = "current"
	// Now is the time of the round.
	Now = "now"

	inputs  = "inputs"
	job     = "job"
	running = job + ".taskManagers"
	// busiestVertex is the one field of a job that is no number.
	busiestVertex = "busiestVertex"

	desiredTaskManagers = "flink_desired_taskmanagers"
	busyRatio           = "flink_busy_ratio"
)

// jobFields are what expressions can use of a job, and the metric that each is, or that it tells more of.
func jobFields() map[string]string {
	return map[string]string{
		"taskManagers":       "flink_taskmanagers",
		"slots":              "flink_slots",
		"parallelism":        "flink_parallelism",
		"restarts":           "flink_restarts",
		"busy":               busyRatio,
		busiestVertex:        busyRatio,
		"backpressured":      "flink_backpressured_ratio",
		"idle":               "flink_idle_ratio",
		"lag":                "flink_kafka_lag",
		"pending":            "flink_pending_records",
		"recordsInPerSecond": "flink_records_in_per_second",
		"eventTimeLag":       "flink_event_time_lag_seconds",
		"heapUsed":           "flink_heap_used_ratio",
		"gcTime":             "flink_gc_time_ratio",
		"cpuLoad":            "flink_cpu_load",
	}
}

// Question is one thing that a rule needs to know: a metric of the adapter's, and of what.
type Question struct {
	Metric   string
	Selector labels.Selector
	Kafka    *KafkaNames // in place of the selector
	Vertex   bool        // not the value of flink_busy_ratio, but the name of the vertex that it is of
}

// KafkaNames are a consumer group and some of its topics.
type KafkaNames struct {
	Cluster string // empty: the only one
	Group   string
	Topics  []string
	Pattern *regexp.Regexp // of topics; nil: those in Topics, or without any all that the group has committed
}

// Readings are what a program asked for, by the name of the variable: a float64, or the name of a vertex, a string.
type Readings map[string]snapshot.Sample[any]

// Decision is what a rule says in one round.
type Decision struct {
	Value   *int32    // TaskManagers that HPAs are told; nil: none, because of Err
	WouldBe *int32    // what they would be told in mode Scale; nil in that mode
	Time    time.Time // when the oldest number that Value is made of was true
	Reasons []string  // what decided, then what limited it, then what it waits for
	Err     error     // why there is no value; in mode Observe, why there would be none
	Missing []error   // each number that an expression uses and that has no value
	Unknown []error   // each threshold whose condition can't be evaluated
}

// Program is a spec that can be evaluated. It never changes.
type Program struct {
	spec       v1alpha1.ScalingRuleSpec
	expression formula
	thresholds []threshold
	schedules  []window
	questions  map[string]Question
	every      time.Duration // 0: each round
	gather     time.Duration // stabilization
}

// Questions are what the program needs to know, by the name of the variable that each is for.
func (p *Program) Questions() map[string]Question { return p.questions }

// Job selects the JobManager of the job that the program is about, as a metric of the job does; ok is false without one.
func (p *Program) Job() (selector labels.Selector, ok bool) {
	question, ok := p.questions[running]
	return question.Selector, ok
}

// Spec is what the program was made of. It must not be changed.
func (p *Program) Spec() *v1alpha1.ScalingRuleSpec { return &p.spec }

// threshold is one that can be evaluated.
type threshold struct {
	name       string
	when       formula
	lasts      time.Duration // how long when has to hold
	expression *formula      // nil: the rule's own
}
