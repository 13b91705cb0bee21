package provider

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// The labels that select a consumer group's lag.
const (
	clusterLabel = "cluster"
	groupLabel   = "group"
	topicLabel   = "topic"
	aliasLabel   = "alias"
)

// kafkaClusterLabel selects, beside the labels of a JobManager's pod, the Kafka cluster that its job reads.
const kafkaClusterLabel = "kafka-cluster"

// jobQuery is what a Flink selector asks for.
type jobQuery struct {
	jobManagers labels.Selector
	kafka       string // empty: the only one
}

// parseJobQuery takes the label that is ours out of the selector. The rest is the pod's.
func parseJobQuery(selector labels.Selector) (jobQuery, error) {
	requirements, selectable := selector.Requirements()
	if !selectable {
		return jobQuery{}, fmt.Errorf("%w: it selects nothing", errSelector)
	}
	query := jobQuery{jobManagers: labels.NewSelector()}
	for _, r := range requirements {
		if r.Key() != kafkaClusterLabel {
			query.jobManagers = query.jobManagers.Add(r)
			continue
		}
		values := r.Values().List()
		if !slices.Contains([]selection.Operator{selection.Equals, selection.DoubleEquals, selection.In}, r.Operator()) || len(values) != 1 || values[0] == "" {
			return jobQuery{}, fmt.Errorf("%w: label %s needs one value, by =, == or in: the name of the Kafka cluster that the job reads", errSelector, kafkaClusterLabel)
		}
		if query.kafka != "" {
			return jobQuery{}, fmt.Errorf("%w: label %s stands there twice", errSelector, kafkaClusterLabel)
		}
		query.kafka = values[0]
	}
	return query, nil
}

// groupQuery is what a Kafka selector asks for.
type groupQuery struct {
	cluster string   // empty: the only one
	alias   string   // empty: none
	group   string   // empty only with an alias
	topics  []string // empty: the alias's, or all that the group has committed
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
		case aliasLabel:
			query.alias = values[0]
		case groupLabel:
			query.group = values[0]
		case topicLabel:
			query.topics = values
		default:
			return groupQuery{}, fmt.Errorf("%w: label %s has no meaning for Kafka; %s, %s, %s and %s have",
				errSelector, r.Key(), clusterLabel, groupLabel, topicLabel, aliasLabel)
		}
	}
	if query.group == "" && query.alias == "" {
		return groupQuery{}, fmt.Errorf("%w: label %s is needed: the consumer group; or %s, which stands for one", errSelector, groupLabel, aliasLabel)
	}
	return query, nil
}
