package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// The labels that select a consumer group's lag.
const (
	clusterLabel = "cluster"
	groupLabel   = "group"
	topicLabel   = "topic"
)

// groupQuery is what a Kafka selector asks for.
type groupQuery struct {
	cluster string   // empty: the only one
	group   string   // never empty
	topics  []string // empty: all that the group has committed
}

// consumerGroupLag is how many records a group is behind, summed over all partitions of its topics.
func (p *Provider) consumerGroupLag(ctx context.Context, namespace string, selector labels.Selector) (value, error) {
	query, err := parseGroupQuery(selector)
	if err != nil {
		return value{}, err
	}
	cluster, err := p.cluster(namespace, query.cluster)
	if err != nil {
		return value{}, err
	}
	sample := cluster.Groups.Read(ctx, query.group)
	lag := int64(0)
	if err = sample.Err; err == nil {
		lag, err = sample.Value.Lag(query.topics...)
	}
	if err != nil {
		return value{}, fmt.Errorf("consumer group %q in Kafka cluster %q: %w", query.group, cluster.Name, err)
	}
	return value{*resource.NewQuantity(lag, resource.DecimalSI), metav1.NewTime(sample.Time)}, nil
}

// cluster finds the cluster that is asked for, among those that the namespace may read: it is not told of any other.
func (p *Provider) cluster(namespace, name string) (KafkaCluster, error) {
	if len(p.clusters) == 0 {
		return KafkaCluster{}, fmt.Errorf("%w: no Kafka cluster is configured; add one to kafka.clusters in the adapter's configuration", errNotFound)
	}
	if name != "" {
		i := slices.IndexFunc(p.clusters, func(c KafkaCluster) bool { return c.Name == name })
		switch {
		case i < 0:
			return KafkaCluster{}, fmt.Errorf("%w: no Kafka cluster %q is configured; add it to kafka.clusters in the adapter's configuration", errNotFound, name)
		case !p.clusters[i].Admits(namespace):
			return KafkaCluster{}, fmt.Errorf("%w: namespace %q may not read Kafka cluster %q; add it to the cluster's namespaces in the adapter's configuration", errForbidden, namespace, name)
		}
		return p.clusters[i], nil
	}
	if len(p.clusters) > 1 {
		var names []string
		for _, c := range p.clusters {
			if c.Admits(namespace) {
				names = append(names, c.Name)
			}
		}
		return KafkaCluster{}, fmt.Errorf("%w: several Kafka clusters are configured, so the label %s is needed; namespace %q may read: %s",
			errSelector, clusterLabel, namespace, strings.Join(names, ", "))
	}
	return p.cluster(namespace, p.clusters[0].Name)
}

func parseGroupQuery(selector labels.Selector) (groupQuery, error) {
	requirements, selectable := selector.Requirements()
	if !selectable {
		return groupQuery{}, fmt.Errorf("%w: it selects nothing", errSelector)
	}
	var query groupQuery
	seen := map[string]bool{}
	for _, r := range requirements {
		switch r.Operator() {
		case selection.Equals, selection.DoubleEquals, selection.In:
		default:
			return groupQuery{}, fmt.Errorf("%w: label %s with %q; only =, == and in are possible", errSelector, r.Key(), r.Operator())
		}
		if seen[r.Key()] {
			return groupQuery{}, fmt.Errorf("%w: label %s stands there twice", errSelector, r.Key())
		}
		seen[r.Key()] = true
		values := r.Values().List()
		if r.Key() != topicLabel && len(values) != 1 || slices.Contains(values, "") {
			return groupQuery{}, fmt.Errorf("%w: label %s needs one value; only %s may have several, and none may be empty", errSelector, r.Key(), topicLabel)
		}
		switch r.Key() {
		case clusterLabel:
			query.cluster = values[0]
		case groupLabel:
			query.group = values[0]
		case topicLabel:
			query.topics = values
		default:
			return groupQuery{}, fmt.Errorf("%w: label %s has no meaning for Kafka; %s, %s and %s have", errSelector, r.Key(), clusterLabel, groupLabel, topicLabel)
		}
	}
	if query.group == "" {
		return groupQuery{}, fmt.Errorf("%w: label %s is needed: the consumer group", errSelector, groupLabel)
	}
	return query, nil
}
