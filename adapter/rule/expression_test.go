package rule

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// noon is a Wednesday's.
func noon() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }

func known(value float64) snapshot.Sample[any] {
	return snapshot.Sample[any]{Value: value, Time: noon().Add(-5 * time.Second)}
}

func named(vertex string) snapshot.Sample[any] {
	return snapshot.Sample[any]{Value: vertex, Time: noon().Add(-5 * time.Second)}
}

func unknown(why string) snapshot.Sample[any] { return snapshot.Fail[any](errors.New(why)) }

// spec is a rule of a job with two inputs.
func spec(expression string) v1alpha1.ScalingRuleSpec {
	return v1alpha1.ScalingRuleSpec{
		Job: &v1alpha1.Job{}, Expression: expression,
		Inputs: []v1alpha1.Input{{Name: "age", Metric: "kafka_consumergroup_lag_seconds"}, {Name: "lag", Metric: "kafka_consumergroup_lag"}},
	}
}

func serves(metric string) bool {
	return strings.HasPrefix(metric, "flink_") || strings.HasPrefix(metric, "kafka_consumergroup_lag")
}

func compiled(t *testing.T, spec v1alpha1.ScalingRuleSpec) *Program {
	t.Helper()
	program, err := Compile(spec, serves)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func TestExpressions(t *testing.T) {
	readings := Readings{
		"inputs.age": known(301), "inputs.lag": unknown("the topic is gone"), "desired": known(4), "current": known(3), "job.slots": known(8),
		"job.busy": known(0.75), "job.gcTime": unknown("Flink is too old"), "job.busiestVertex": named("work -> discard: Writer"), "job.restarts": known(2),
	}
	const lagMissing = "inputs.lag has no value: the topic is gone"
	for _, test := range []struct {
		name, expression string
		want             int32
		err              string // part of it
	}{
		{"a constant", "3.0", 3, ""},
		{"a whole number", "3", 3, ""},
		{"what the job is said to need", "desired", 4, ""},
		{"the number there is", "current + 1.0", 4, ""},
		{"a fraction is rounded up", "desired / 3.0", 2, ""},
		{"what is left over of a sum is no TaskManager", "0.1 + 0.2 + 2.7 + 1e-9", 3, ""},
		{"the larger of two", "math.greatest(desired, inputs.age / 50.0)", 7, ""},
		{"clamped", "math.least(math.greatest(desired, 5.0), 10.0)", 5, ""},
		{"a double beside a whole number", "math.greatest(desired, 9)", 9, ""},
		{"rounded", "math.round(2.4)", 2, ""},
		{"a choice", "inputs.age > 300.0 ? desired * 2.0 : desired", 8, ""},
		{"compared with a whole number", "inputs.age > 300 ? 1.0 : 2.0", 1, ""},
		{"the time of day in a zone", "now.getHours('Europe/Berlin') == 14 ? 1.0 : 2.0", 1, ""},
		{"the vertex that is busiest", "job.busiestVertex == 'work -> discard: Writer' ? 1.0 : 2.0", 1, ""},
		{"one whose name has a word", "job.busiestVertex.contains('Writer') && job.busy > 0.7 ? 1.0 : 2.0", 1, ""},
		{"restarts", "job.restarts > 1.0 ? current : desired", 3, ""},
		{"an input without a value", "inputs.lag / 10.0", 0, lagMissing},
		{"one that is guarded", "has(inputs.lag) ? inputs.lag : desired", 4, ""},
		{"a guard that finds a value", "has(inputs.age) ? inputs.age : desired", 301, ""},
		{"one that makes no difference", "inputs.lag > 5.0 || inputs.age > 5.0 ? 1.0 : 2.0", 1, ""},
		{"one that makes the difference", "inputs.lag > 5.0 || inputs.age > 500.0 ? 1.0 : 2.0", 0, lagMissing},
		{"a choice that doesn't come to it", "inputs.age > 5.0 ? 1.0 : inputs.lag", 1, ""},
		{"two without values", "inputs.lag + job.gcTime", 0, lagMissing + "; job.gcTime has no value: Flink is too old"},
		{"one that nobody has looked for", "job.idle", 0, "job.idle has no value: nobody has looked"},
		{"below 0", "desired - 5.0", 0, "the result is -1, and must be 0 to 100000"},
		{"more than can be", "1e9", 0, "must be 0 to 100000"},
		{"infinite", "1.0 / 0.0", 0, "the result is +Inf"},
		{"not a number", "0.0 / 0.0", 0, "the result is NaN"},
		{"a division of whole numbers by 0", "1 / 0", 0, "can't be evaluated: division by zero"},
		{"a time zone that there isn't", "now.getHours('Europe/Nowhere') == 1 ? 1.0 : 2.0", 0, "can't be evaluated: unknown time zone Europe/Nowhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, at, err := compiled(t, spec(test.expression)).expression.number(readings, noon())
			if test.err == "" && (err != nil || got != test.want) {
				t.Errorf("got %d, %v; want %d", got, err, test.want)
			}
			if test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("got %d, %v; want %q", got, err, test.err)
			}
			if err == nil && at.After(noon()) {
				t.Errorf("it is of %s", at)
			}
		})
	}
}

func TestANumberIsAsOldAsTheOldestThatItIsMadeOf(t *testing.T) {
	old := snapshot.Sample[any]{Value: 1.0, Time: noon().Add(-time.Minute)}
	readings := Readings{"inputs.age": known(1), "inputs.lag": old, "desired": known(1)}
	for expression, want := range map[string]time.Duration{"3.0": 0, "desired": 5 * time.Second, "inputs.age + inputs.lag": time.Minute} {
		_, at, err := compiled(t, spec(expression)).expression.number(readings, noon())
		if got := noon().Sub(at); err != nil || got != want {
			t.Errorf("%s is %s old (%v), want %s", expression, got, err, want)
		}
	}
}

func TestExpressionsThatDoNotCompile(t *testing.T) {
	withoutJob := spec("desired")
	withoutJob.Job = nil
	for _, test := range []struct {
		name string
		spec v1alpha1.ScalingRuleSpec
		want string
	}{
		{"an empty one", spec(""), `spec.expression: Invalid value: "": line`},
		{"half of one", spec("desired +"), `spec.expression: Invalid value: "desired +": line 1, column 10: Syntax error`},
		{"an input that there isn't", spec("inputs.other"), "undefined field 'other'; there are current, desired, inputs.age, inputs.lag, job.backpressured"},
		{"a field of the job that there isn't", spec("job.speed"), "undefined field 'speed'; there are"},
		{"a variable that there isn't", spec("wanted"), "undeclared reference to 'wanted'"},
		{"the job's number without a job", withoutJob, "undeclared reference to 'desired' (in container ''); there are inputs.age, inputs.lag, and with spec.job also desired"},
		{"a double and a whole number", spec("desired * 2"), "numbers are doubles, so write 2.0 in place of 2"},
		{"a condition in place of a number", spec("desired > 2.0"), "is bool, and must be a number"},
		{"a text", spec("'3'"), "is string, and must be a number"},
		{"the name of a vertex", spec("job.busiestVertex"), "is string, and must be a number"},
		{"a name compared with a number", spec("job.busiestVertex > 0.5 ? 1.0 : 2.0"), "found no matching overload"},
		{"a loop", spec("[1.0].map(x, x)[0]"), "undeclared reference"},
		{"a long one", spec("1.0" + strings.Repeat(" ", maxExpression)), "is longer than 1024 bytes"},
		{"a deep one", spec(strings.Repeat("(", 300) + "1.0" + strings.Repeat(")", 300)), "recursion limit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Compile(test.spec, serves)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestAConditionIsTrueOrFalse(t *testing.T) {
	s := spec("desired")
	s.Thresholds = []v1alpha1.Threshold{{Name: "odd", When: "desired"}}
	if _, err := Compile(s, serves); err == nil || !strings.Contains(err.Error(), `spec.thresholds[0].when: Invalid value: "desired": is double, and must be true or false`) {
		t.Errorf("got %v", err)
	}
}

func TestWhatAnExpressionUsesIsAsked(t *testing.T) {
	s := spec("has(job.heapUsed) && job.busiestVertex != '' && job.restarts < 1.0 ? math.greatest(desired, job.lag) : current")
	s.Job.KafkaCluster = "main"
	questions := compiled(t, s).Questions()
	for variable, want := range map[string]string{
		"inputs.age": "kafka_consumergroup_lag_seconds ", "inputs.lag": "kafka_consumergroup_lag ", "job.taskManagers": "flink_taskmanagers kafka-cluster=main",
		"job.heapUsed": "flink_heap_used_ratio kafka-cluster=main", "job.restarts": "flink_restarts kafka-cluster=main",
		"job.busiestVertex": "the vertex of flink_busy_ratio kafka-cluster=main", "job.lag": "flink_kafka_lag kafka-cluster=main", "desired": "flink_desired_taskmanagers kafka-cluster=main",
	} {
		q := questions[variable]
		what := q.Metric
		if q.Vertex {
			what = "the vertex of " + what
		}
		if q.Selector == nil || what+" "+q.Selector.String() != want {
			t.Errorf("%s asks %+v, want %s", variable, q, want)
		}
		delete(questions, variable)
	}
	if len(questions) > 0 {
		t.Errorf("asked too: %v", questions)
	}
}

// A regular expression on a long text is the costliest that fits into an expression's length, and is within the limit.
func TestTheCostliestExpressionIsWithinTheLimit(t *testing.T) {
	f := compiled(t, spec("'"+strings.Repeat("a", 900)+"'.matches('(a|a)*b') ? 1.0 : 2.0")).expression
	if n, _, err := f.number(nil, noon()); n != 2 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}
