package provider

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/adapter/rule"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// KafkaCluster is a cluster as configured, and where its groups are read.
type KafkaCluster struct {
	config.KafkaCluster
	Groups Reader[kafka.Key, kafka.Group]

	aliases map[string]alias
}

// alias is one as configured, ready to use.
type alias struct {
	config.Alias
	pattern *regexp.Regexp
}

// NewKafkaCluster returns the cluster, whose groups are read from groups.
func NewKafkaCluster(conf config.KafkaCluster, groups Reader[kafka.Key, kafka.Group]) (KafkaCluster, error) {
	cluster := KafkaCluster{KafkaCluster: conf, Groups: groups, aliases: make(map[string]alias, len(conf.Aliases))}
	for _, a := range conf.Aliases {
		pattern, err := a.Pattern()
		if err != nil {
			return KafkaCluster{}, fmt.Errorf("alias %s: %w", a.Name, err)
		}
		cluster.aliases[a.Name] = alias{a, pattern}
	}
	return cluster, nil
}

// question is a Kafka query with its names in place of aliases.
type question struct {
	cluster KafkaCluster
	key     kafka.Key
	choice  kafka.Choice
}

// groupMetric is what one metric is of a consumer group.
type groupMetric func(ctx context.Context, q question) (value, error)

func kafkaMetrics() map[string]groupMetric {
	return map[string]groupMetric{
		"kafka_consumergroup_lag":           lagOf(func(total kafka.Total) (int64, error) { return total.Lag, nil }),
		"kafka_consumergroup_lag_at_commit": lagOf(func(total kafka.Total) (int64, error) { return total.AtCommit, total.AtCommitErr }),
		"kafka_consumergroup_lag_max":       lagOf(func(total kafka.Total) (int64, error) { return total.Max, nil }),
		"kafka_consumergroup_lag_seconds":   lagSeconds,
	}
}

// lagOf is a number of records that a group is behind: in all, at its latest commit, or on the one partition where that is most.
func lagOf(of func(kafka.Total) (int64, error)) groupMetric {
	return func(ctx context.Context, q question) (value, error) {
		total, sample, err := q.total(ctx)
		if err != nil {
			return value{}, err
		}
		records, err := of(total)
		if err != nil {
			return value{}, q.explain(err)
		}
		return value{*resource.NewQuantity(records, resource.DecimalSI), metav1.NewTime(sample.Time)}, nil
	}
}

// leastAge is the age of a record that was written this moment: 0 is for when nothing is unread.
const leastAge = time.Millisecond

// lagSeconds is the age of the oldest record that a group has not read, as it was when the sample was taken.
func lagSeconds(ctx context.Context, q question) (value, error) {
	q.key = q.key.WithAge()
	total, sample, err := q.total(ctx)
	if err != nil {
		return value{}, err
	}
	if total.AgeErr != nil {
		return value{}, q.explain(total.AgeErr)
	}
	age := time.Duration(0)
	if !total.Oldest.IsZero() {
		age = max(sample.Time.Sub(total.Oldest), leastAge)
	}
	return value{milli(age.Seconds()), metav1.NewTime(sample.Time)}, nil
}

// total reads the newest sample and adds up what is asked for.
func (q question) total(ctx context.Context) (kafka.Total, snapshot.Sample[kafka.Group], error) {
	sample := q.cluster.Groups.Read(ctx, q.key)
	if sample.Err != nil {
		return kafka.Total{}, sample, q.explain(sample.Err)
	}
	total, err := sample.Value.Total(q.choice)
	if err != nil {
		return kafka.Total{}, sample, q.explain(err)
	}
	return total, sample, nil
}

func (q question) explain(err error) error {
	return fmt.Errorf("consumer group %q in Kafka cluster %q: %w", q.key.Group, q.cluster.Name, err)
}

// ask finds out what a selector asks for, in a namespace that may ask it.
func (p *Provider) ask(namespace string, selector labels.Selector) (question, error) {
	query, err := parseGroupQuery(selector)
	if err != nil {
		return question{}, err
	}
	cluster, err := p.cluster(namespace, query.cluster, clusterLabel)
	if err != nil {
		return question{}, err
	}
	group, choice := query.group, kafka.Choice{Names: query.topics}
	if query.alias != "" {
		if group, choice, err = cluster.resolve(query); err != nil {
			return question{}, err
		}
	}
	return question{cluster, kafka.NewKey(group, choice.Names...), choice}, nil
}

// named is the question about a group and topics by their own names, in a namespace that may ask it.
func (p *Provider) named(namespace string, names rule.KafkaNames) (question, error) {
	cluster, err := p.cluster(namespace, names.Cluster, clusterLabel)
	if err != nil {
		return question{}, err
	}
	return question{cluster, kafka.NewKey(names.Group, names.Topics...), kafka.Choice{Names: names.Topics, Pattern: names.Pattern}}, nil
}

// resolve puts what the alias stands for beside what the selector says itself.
func (c KafkaCluster) resolve(query groupQuery) (group string, choice kafka.Choice, err error) {
	a, ok := c.aliases[query.alias]
	has := len(a.Topics) > 0 || a.pattern != nil
	switch {
	case !ok:
		return "", choice, fmt.Errorf("%w: Kafka cluster %q has no alias %q; add it to the cluster's aliases in the adapter's configuration", errNotFound, c.Name, query.alias)
	case a.Group != "" && query.group != "":
		return "", choice, fmt.Errorf("%w: label %s beside alias %q, which stands for a group already", errSelector, groupLabel, a.Name)
	case a.Group == "" && query.group == "":
		return "", choice, fmt.Errorf("%w: label %s is needed beside alias %q, which stands for topics only", errSelector, groupLabel, a.Name)
	case has && len(query.topics) > 0:
		return "", choice, fmt.Errorf("%w: label %s beside alias %q, which stands for topics already", errSelector, topicLabel, a.Name)
	}
	if group = query.group; a.Group != "" {
		group = a.Group
	}
	if choice.Names = query.topics; has {
		choice = kafka.Choice{Names: a.Topics, Pattern: a.pattern}
	}
	return group, choice, nil
}

// cluster finds the cluster that is asked for by that label, among those that the namespace may read: it is not told of any other.
func (p *Provider) cluster(namespace, name, label string) (KafkaCluster, error) {
	clusters := *p.clusters.Load()
	if len(clusters) == 0 {
		return KafkaCluster{}, fmt.Errorf("%w: no Kafka cluster is configured; add one to kafka.clusters in the adapter's configuration", errNotFound)
	}
	if name != "" {
		i := slices.IndexFunc(clusters, func(c KafkaCluster) bool { return c.Name == name })
		switch {
		case i < 0:
			return KafkaCluster{}, fmt.Errorf("%w: no Kafka cluster %q is configured; add it to kafka.clusters in the adapter's configuration", errNotFound, name)
		case !clusters[i].Admits(namespace):
			return KafkaCluster{}, fmt.Errorf("%w: namespace %q may not read Kafka cluster %q; add it to the cluster's namespaces in the adapter's configuration", errForbidden, namespace, name)
		}
		return clusters[i], nil
	}
	if len(clusters) > 1 {
		var names []string
		for _, c := range clusters {
			if c.Admits(namespace) {
				names = append(names, c.Name)
			}
		}
		return KafkaCluster{}, fmt.Errorf("%w: several Kafka clusters are configured, so the label %s is needed; namespace %q may read: %s",
			errSelector, label, namespace, strings.Join(names, ", "))
	}
	return p.cluster(namespace, clusters[0].Name, label)
}
