package rule

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

// kafkaClusterLabel is how the adapter's Flink metrics are told the Kafka cluster that a job reads.
const kafkaClusterLabel = "kafka-cluster"

// Compile makes a program of a spec. serves tells whether a metric is one of the adapter's own. The error names each field that is wrong, its
// value and the way out. Much of it the resource's schema refuses already; a spec can come past that, as when the schema is older.
func Compile(spec v1alpha1.ScalingRuleSpec, serves func(metric string) bool) (*Program, error) {
	c := &compiler{at: field.NewPath("spec"), serves: serves, program: &Program{spec: *spec.DeepCopy(), questions: map[string]Question{}}}
	names := c.inputs(spec.Inputs)
	c.job(spec.Job)
	var err error
	if c.env, err = newEnvironment(names, spec.Job != nil); err != nil {
		return nil, err
	}
	c.program.expression = c.number(c.at.Child("expression"), spec.Expression)
	c.policies(spec)
	if err := c.mistakes.ToAggregate(); err != nil {
		return nil, err
	}
	return c.program, nil
}

// compiler gathers a program and what is wrong with the spec.
type compiler struct {
	at       *field.Path
	serves   func(string) bool
	jobs     labels.Selector // of the job's JobManager
	env      environment
	program  *Program
	mistakes field.ErrorList
}

func (c *compiler) refuse(at *field.Path, value any, format string, args ...any) {
	c.mistakes = append(c.mistakes, field.Invalid(at, value, fmt.Sprintf(format, args...)))
}

// inputs asks for each of them, and returns their names.
func (c *compiler) inputs(all []v1alpha1.Input) []string {
	var names []string
	for i, in := range all {
		at := c.at.Child("inputs").Index(i)
		switch {
		case slices.Contains([]string{"", "in", "true", "false", "null"}, in.Name):
			c.refuse(at.Child("name"), in.Name, "is no name in CEL; give it another")
			continue
		case slices.Contains(names, in.Name):
			c.mistakes = append(c.mistakes, field.Duplicate(at.Child("name"), in.Name))
		case !c.serves(in.Metric):
			c.refuse(at.Child("metric"), in.Metric, "is none of the adapter's metrics")
		}
		names = append(names, in.Name)
		question := Question{Metric: in.Metric, Selector: c.selector(at.Child("selector"), in.Selector)}
		if in.Kafka != nil {
			question.Kafka = c.kafka(at, in)
		}
		c.program.questions[inputs+"."+in.Name] = question
	}
	return names
}

func (c *compiler) selector(at *field.Path, selector *metav1.LabelSelector) labels.Selector {
	if selector == nil {
		return labels.Everything()
	}
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		c.refuse(at, metav1.FormatLabelSelector(selector), "%v", err)
	}
	return parsed
}

func (c *compiler) kafka(at *field.Path, in v1alpha1.Input) *KafkaNames {
	names, at := *in.Kafka, at.Child("kafka")
	pattern, err := config.Alias{TopicPattern: names.TopicPattern}.Pattern()
	switch {
	case !strings.HasPrefix(in.Metric, "kafka_"):
		c.refuse(at, in.Metric, "is for the metrics kafka_consumergroup_*; say selector for others")
	case in.Selector != nil:
		c.refuse(at, names.Group, "a selector is given too: keep one of the two")
	case names.Group == "":
		c.mistakes = append(c.mistakes, field.Required(at.Child("group"), "name the consumer group"))
	case err != nil:
		c.refuse(at.Child("topicPattern"), names.TopicPattern, "%v", err)
	case pattern != nil && len(names.Topics) > 0:
		c.refuse(at.Child("topicPattern"), names.TopicPattern, "topics are given too: keep one of the two")
	}
	return &KafkaNames{Cluster: names.Cluster, Group: names.Group, Topics: names.Topics, Pattern: pattern}
}

// job asks how many TaskManagers run. What else is known of a job is asked for when an expression uses it.
func (c *compiler) job(of *v1alpha1.Job) {
	if of == nil {
		return
	}
	at := c.at.Child("job")
	c.jobs = c.selector(at.Child("selector"), &of.Selector)
	if of.KafkaCluster != "" && c.jobs != nil {
		kafka, err := labels.NewRequirement(kafkaClusterLabel, selection.Equals, []string{of.KafkaCluster})
		if err != nil {
			c.refuse(at.Child("kafkaCluster"), of.KafkaCluster, "%v", err)
			return
		}
		c.jobs = c.jobs.Add(*kafka)
	}
	c.ask(running)
}

// ask asks for a variable that is the job's, if it is that.
func (c *compiler) ask(variable string) {
	field := strings.TrimPrefix(variable, job+".")
	metric, of := jobFields()[field]
	if variable == Desired {
		metric, of = desiredTaskManagers, true
	}
	if of && c.program.questions[variable].Metric == "" {
		c.program.questions[variable] = Question{Metric: metric, Selector: c.jobs, Vertex: field == busiestVertex}
	}
}

func (c *compiler) number(at *field.Path, text string) formula {
	return c.compiled(at, text, c.env.number)
}

func (c *compiler) condition(at *field.Path, text string) formula {
	return c.compiled(at, text, c.env.condition)
}

func (c *compiler) compiled(at *field.Path, text string, compile func(string) (formula, error)) formula {
	compiled, err := compile(text)
	if err != nil {
		c.refuse(at, text, "%v", err)
	}
	for _, variable := range compiled.uses {
		c.ask(variable)
	}
	return compiled
}
