package rule

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

func TestSpecsThatAreRefused(t *testing.T) {
	kafka := func(change func(*v1alpha1.Input)) func(*v1alpha1.ScalingRuleSpec) {
		return func(s *v1alpha1.ScalingRuleSpec) {
			s.Inputs[1].Kafka = &v1alpha1.KafkaNames{Group: "a/b"}
			change(&s.Inputs[1])
		}
	}
	day := v1alpha1.Schedule{Name: "day", Start: "0 8 * * *", End: "0 18 * * *", TimeZone: "UTC", Floor: ptr.To[int32](1)}
	schedule := func(change func(*v1alpha1.Schedule)) func(*v1alpha1.ScalingRuleSpec) {
		return func(s *v1alpha1.ScalingRuleSpec) {
			changed := day
			change(&changed)
			s.Schedules = []v1alpha1.Schedule{changed}
		}
	}
	for _, test := range []struct {
		name   string
		change func(*v1alpha1.ScalingRuleSpec)
		want   string
	}{
		{"a metric that isn't the adapter's", func(s *v1alpha1.ScalingRuleSpec) { s.Inputs[0].Metric = "cpu" }, `spec.inputs[0].metric: Invalid value: "cpu": is none of the adapter's metrics`},
		{"two inputs of one name", func(s *v1alpha1.ScalingRuleSpec) { s.Inputs[1].Name = "age" }, `spec.inputs[1].name: Duplicate value: "age"`},
		{"a name that CEL can't take", func(s *v1alpha1.ScalingRuleSpec) { s.Inputs[1].Name = "in" }, `spec.inputs[1].name: Invalid value: "in": is no name in CEL`},
		{"a selector that is none", func(s *v1alpha1.ScalingRuleSpec) {
			s.Inputs[1].Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"group": "a/b"}}
		}, "spec.inputs[1].selector: Invalid value"},
		{"Kafka's names for a metric of Flink", kafka(func(in *v1alpha1.Input) { in.Metric = "flink_busy_ratio" }), "spec.inputs[1].kafka: Invalid value"},
		{"Kafka's names beside a selector", kafka(func(in *v1alpha1.Input) { in.Selector = &metav1.LabelSelector{} }), "a selector is given too: keep one of the two"},
		{"no group", kafka(func(in *v1alpha1.Input) { in.Kafka.Group = "" }), "spec.inputs[1].kafka.group: Required value"},
		{"a pattern that is none", kafka(func(in *v1alpha1.Input) { in.Kafka.TopicPattern = "a)(b" }), "spec.inputs[1].kafka.topicPattern: Invalid value"},
		{"a pattern and topics", kafka(func(in *v1alpha1.Input) { in.Kafka.TopicPattern, in.Kafka.Topics = "a", []string{"a"} }), "topics are given too: keep one of the two"},
		{"a Kafka cluster that no label can name", func(s *v1alpha1.ScalingRuleSpec) { s.Job.KafkaCluster = "a/b" }, "spec.job.kafkaCluster: Invalid value"},
		{"a mode that there isn't", func(s *v1alpha1.ScalingRuleSpec) { s.Mode = "Off" }, `spec.mode: Invalid value: "Off": must be Scale, Observe or Pause`},
		{"a short period", func(s *v1alpha1.ScalingRuleSpec) { s.Every = duration(time.Second) }, `spec.every: Invalid value: "1s": must be 1m0s or more`},
		{"a negative stabilization", func(s *v1alpha1.ScalingRuleSpec) { s.Stabilization = duration(-time.Second) }, "spec.stabilization: Invalid value: \"-1s\": must not be negative"},
		{"two thresholds of one name", func(s *v1alpha1.ScalingRuleSpec) { surge(s); s.Thresholds = append(s.Thresholds, s.Thresholds[0]) }, "spec.thresholds[1].name: Duplicate value"},
		{"a threshold's expression", func(s *v1alpha1.ScalingRuleSpec) { surge(s); s.Thresholds[0].Expression = "true" }, "spec.thresholds[0].expression: Invalid value"},
		{"a start that is none", schedule(func(s *v1alpha1.Schedule) { s.Start = "8:00" }), `spec.schedules[0].start: Invalid value: "8:00": is no time as cron has it`},
		{"an end that is none", schedule(func(s *v1alpha1.Schedule) { s.End = "0 0 31 4 *" }), `spec.schedules[0].end: Invalid value: "0 0 31 4 *": never comes`},
		{"a zone that there isn't", schedule(func(s *v1alpha1.Schedule) { s.TimeZone = "Berlin" }), `spec.schedules[0].timeZone: Invalid value: "Berlin"`},
		{"the machine's own zone", schedule(func(s *v1alpha1.Schedule) { s.TimeZone = "Local" }), `spec.schedules[0].timeZone: Invalid value: "Local"`},
		{"neither floor nor fixed", schedule(func(s *v1alpha1.Schedule) { s.Floor = nil }), "either floor or fixed is needed"},
		{"both", schedule(func(s *v1alpha1.Schedule) { s.Fixed = ptr.To[int32](1) }), "either floor or fixed is needed"},
		{"a negative floor", schedule(func(s *v1alpha1.Schedule) { s.Floor = ptr.To[int32](-1) }), "spec.schedules[0].floor: Invalid value: -1: must be 0 to 100000"},
		{"an override out of range", func(s *v1alpha1.ScalingRuleSpec) { s.Override = &v1alpha1.Override{TaskManagers: -1} }, "spec.override.taskManagers: Invalid value: -1"},
		{"no step", func(s *v1alpha1.ScalingRuleSpec) { s.Limits = &v1alpha1.Limits{StepUp: ptr.To[int32](0)} }, "spec.limits.stepUp: Invalid value: 0: must be 1 to 100000"},
		{"min over max", func(s *v1alpha1.ScalingRuleSpec) {
			s.Limits = &v1alpha1.Limits{Min: ptr.To[int32](5), Max: ptr.To[int32](4)}
		}, "spec.limits.min: Invalid value: 5: must not be more than max, which is 4"},
		{"every mistake at once", func(s *v1alpha1.ScalingRuleSpec) { s.Expression, s.Mode = "x", "Off" }, `, spec.mode: Invalid value`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := spec("desired")
			test.change(&s)
			_, err := Compile(s, serves)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestNamesThatNoLabelCanHold(t *testing.T) {
	s := spec("inputs.lag")
	s.Inputs[1].Kafka = &v1alpha1.KafkaNames{Cluster: "main", Group: "a/b", TopicPattern: "orders.*"}
	kafka := compiled(t, s).Questions()["inputs.lag"].Kafka
	if kafka == nil || kafka.Cluster != "main" || kafka.Group != "a/b" || !kafka.Pattern.MatchString("orders-1") || kafka.Pattern.MatchString("old-orders") {
		t.Errorf("asks %+v", kafka)
	}
}
