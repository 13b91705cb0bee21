package provider

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/flink-hpa/flink-hpa/adapter/rule"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// rules are those of namespace shop.
type rules map[string]snapshot.Sample[int32]

func (r rules) Value(namespace, name string) (snapshot.Sample[int32], bool) {
	sample, ok := r[name]
	return sample, ok && namespace == "shop"
}

func (r rules) Known(_, name string) error {
	if name == "cold" {
		return errors.New("desired has no value here")
	}
	return nil
}

func (r rules) Names(namespace string) []string {
	if namespace != "shop" {
		return nil
	}
	return []string{"broken", "orders"}
}

func withRules() *Provider {
	p := provider(cluster("main", "shop"))
	p.SetRules(rules{"orders": {Value: 4, Time: at}, "cold": {Value: 4, Time: at}, "broken": snapshot.Fail[int32](fmt.Errorf("%w: desired has no value", errNotFound))})
	return p
}

func TestARuleIsAMetricOfItsName(t *testing.T) {
	if got, err := ask(t, withRules(), "shop", "orders", ""); got != "4" || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestErrorsOfRules(t *testing.T) {
	p := withRules()
	many := provider()
	many.SetRules(crowd{})
	for _, test := range []struct {
		name                        string
		provider                    *Provider
		namespace, metric, selector string
		code                        int32
		message                     string
	}{
		{"one without a value", p, "shop", "broken", "", 503, "ScalingRule shop/broken: not found: desired has no value"},
		{"one of another namespace", p, "crm", "orders", "", 404, `there is no metric "orders"; there are flink_`},
		{"where there is none", p, "crm", "orders", "", 404, `; and in namespace "crm" no ScalingRule`},
		{"where there are others", p, "shop", "order", "", 404, `; and in namespace "shop" the ScalingRules broken, orders`},
		{"where there are too many to name", many, "shop", "order", "", 404, `; and in namespace "shop" 100 ScalingRules`},
		{"with a selector", p, "shop", "orders", "app=orders", 400, "ScalingRule shop/orders has no labels to select by; leave the selector out"},
		{"in a namespace that is not served", New(nil, "crm"), "shop", "orders", "", 403, "not admitted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ask(t, test.provider, test.namespace, test.metric, test.selector)
			wantStatus(t, err, test.code, test.message)
		})
	}
}

// crowd is a namespace with many rules.
type crowd struct{ noRules }

func (crowd) Names(string) []string {
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprint("rule-", i))
	}
	return names
}

func TestWhatNobodyWillAnswerIsNotWaitedFor(t *testing.T) {
	p := withRules()
	for metric, waits := range map[string]bool{"orders": false, "broken": true, "cold": true, "s0-kafka": false, "Other": false} {
		if err := p.Ask("shop", metric, labels.Everything()); (err != nil) != waits {
			t.Errorf("%s: %v", metric, err)
		}
	}
	for metric, may := range map[string]bool{"orders": true, "any.name-1": true, "flink_busy_ratio": true, "no_metric": false, "Other": false} {
		if p.MayServe(metric) != may {
			t.Errorf("%s may be served: %t", metric, !may)
		}
	}
}

func TestPeekInANamespaceThatIsNotServed(t *testing.T) {
	for _, vertex := range []bool{false, true} {
		if got := New(nil, "crm").Peek("shop", rule.Question{Metric: "flink_busy_ratio", Selector: labels.Everything(), Vertex: vertex}); !errors.Is(got.Err, errForbidden) {
			t.Errorf("got %+v", got)
		}
	}
}

func TestPeek(t *testing.T) {
	p := withRules()
	selector := func(text string) labels.Selector {
		parsed, err := labels.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for _, test := range []struct {
		name      string
		namespace string
		question  rule.Question
		want      any
		err       string
	}{
		{"a group's lag", "shop", rule.Question{Metric: "kafka_consumergroup_lag", Selector: selector("group=orders")}, 100.0, ""},
		{"by names that no label can hold", "shop", rule.Question{Metric: "kafka_consumergroup_lag", Kafka: &rule.KafkaNames{Group: longGroup}}, 105.0, ""},
		{"of some topics", "shop", rule.Question{Metric: "kafka_consumergroup_lag", Kafka: &rule.KafkaNames{Group: longGroup, Topics: []string{"orders", "refunds"}}}, 100.0, ""},
		{"of topics by a pattern", "shop", rule.Question{Metric: "kafka_consumergroup_lag", Kafka: &rule.KafkaNames{Cluster: "main", Group: longGroup, Pattern: regexp.MustCompile(`\A(?:re.*)\z`)}}, 15.0, ""},
		{"their age", "shop", rule.Question{Metric: "kafka_consumergroup_lag_seconds", Kafka: &rule.KafkaNames{Group: longGroup}}, 9.0, ""},
		{"a ratio", "shop", rule.Question{Metric: "flink_busy_ratio", Selector: selector("app=orders")}, 0.704, ""},
		{"the vertex that it is of", "shop", rule.Question{Metric: "flink_busy_ratio", Selector: selector("app=orders"), Vertex: true}, "work", ""},
		{"that of a job that settles", "shop", rule.Question{Metric: "flink_busy_ratio", Selector: selector("app=settling"), Vertex: true}, nil, "JobManager Job shop/settling: job 5c: the job restarted"},
		{"a Kafka cluster of others", "crm", rule.Question{Metric: "kafka_consumergroup_lag", Selector: selector("group=orders")}, nil, `namespace "crm" may not read`},
		{"also by names", "crm", rule.Question{Metric: "kafka_consumergroup_lag", Kafka: &rule.KafkaNames{Group: longGroup}}, nil, `namespace "crm" may not read`},
		{"a job of another namespace", "hr", rule.Question{Metric: "flink_busy_ratio", Selector: selector("app=orders")}, nil, "no running pod"},
		{"a rule is none of the numbers", "shop", rule.Question{Metric: "orders", Selector: selector("")}, nil, `there is no metric "orders"`},
		{"nor is a job's by names of Kafka", "shop", rule.Question{Metric: "flink_busy_ratio", Kafka: &rule.KafkaNames{Group: "g"}}, nil, `there is no metric "flink_busy_ratio"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := p.Peek(test.namespace, test.question)
			if test.err == "" && (got.Err != nil || got.Value != test.want || !got.Time.Equal(at)) {
				t.Errorf("got %+v, want %v", got, test.want)
			}
			if test.err != "" && (got.Err == nil || !strings.Contains(got.Err.Error(), test.err)) {
				t.Errorf("got %+v, want %s", got, test.err)
			}
		})
	}
}
