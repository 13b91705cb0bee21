package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	metrics "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// memory is a Reader of fixed samples.
type memory[K comparable, V any] map[K]snapshot.Sample[V]

func (m memory[K, V]) Read(_ context.Context, key K) snapshot.Sample[V] {
	if sample, ok := m[key]; ok {
		return sample
	}
	return snapshot.Fail[V](snapshot.ErrNone)
}

var at = time.Unix(1_000_000, 0)

func group(lags map[string]int64) snapshot.Sample[kafka.Group] {
	g := kafka.Group{Topics: map[string]kafka.Topic{}}
	for topic, lag := range lags {
		t := kafka.Topic{Committed: true, Lag: lag, Max: lag - lag/4, AtCommit: lag / 2}
		if lag > 0 {
			t.Oldest = at.Add(-time.Duration(lag) * 100 * time.Millisecond)
		}
		g.Topics[topic] = t
	}
	return snapshot.Sample[kafka.Group]{Value: g, Time: at}
}

// groups is a Reader of groups. Whichever topics are asked for by name, the sample is the same.
type groups map[string]snapshot.Sample[kafka.Group]

func (g groups) Read(_ context.Context, key kafka.Key) snapshot.Sample[kafka.Group] {
	sample, ok := g[key.Group]
	switch {
	case !ok:
		return snapshot.Fail[kafka.Group](snapshot.ErrNone)
	case sample.Err == nil && !key.Age:
		sample.Value.Topics = maps.Clone(sample.Value.Topics)
		for name, topic := range sample.Value.Topics { // as the client has it
			topic.Oldest = time.Time{}
			sample.Value.Topics[name] = topic
		}
	}
	return sample
}

const longGroup = "a group with a name/that is no label value, and is longer than 63 characters"

func cluster(name string, namespaces ...string) KafkaCluster {
	fresh := group(map[string]int64{"orders": 20})
	fresh.Value.AtCommitErr = errors.New("known with its next commit")
	unread := fresh.Value.Topics["orders"]
	unread.AgeErr = errors.New("being looked up")
	fresh.Value.Topics["orders"] = unread
	young := group(map[string]int64{"orders": 1})
	written := young.Value.Topics["orders"]
	written.Oldest = at.Add(time.Second) // by another clock
	young.Value.Topics["orders"] = written
	conf := config.KafkaCluster{Name: name, Namespaces: namespaces, Aliases: []config.Alias{
		{Name: "long", Group: longGroup},
		{Name: "long-money", Group: longGroup, Topics: []string{"refunds"}},
		{Name: "money", Topics: []string{"orders", "refunds"}},
		{Name: "all-re", Group: longGroup, TopicPattern: "re.*"},
	}}
	c, err := NewKafkaCluster(conf, groups{
		"orders":  group(map[string]int64{"orders": 90, "refunds": 10}),
		longGroup: group(map[string]int64{"orders": 90, "refunds": 10, "returns": 5}),
		"idle":    group(map[string]int64{"orders": 0}),
		"fresh":   fresh,
		"young":   young,
		"ghost":   snapshot.Fail[kafka.Group](fmt.Errorf("%w: no broker knows the group", kafka.ErrNotFound)),
		"broken":  snapshot.Fail[kafka.Group](errors.New("broker 2 (kafka-2:9092): OffsetFetch: no answer in time")),
		"old":     snapshot.Fail[kafka.Group](snapshot.ErrStale),
	})
	if err != nil {
		panic(err) // the aliases above are good
	}
	return c
}

func ask(t *testing.T, p *Provider, namespace, metric, selector string) (string, error) {
	t.Helper()
	parsed, err := labels.Parse(selector)
	if err != nil {
		t.Fatal(err)
	}
	list, err := p.GetExternalMetric(t.Context(), namespace, parsed, metrics.ExternalMetricInfo{Metric: metric})
	if err != nil {
		return "", err
	}
	if len(list.Items) != 1 {
		t.Fatalf("%d items, want exactly one", len(list.Items))
	}
	item := list.Items[0]
	if item.MetricName != metric || !item.Timestamp.Time.Equal(at) {
		t.Errorf("item %+v", item)
	}
	return item.Value.String(), nil
}

func TestValues(t *testing.T) {
	one, two := provider(cluster("main", "*")), provider(cluster("main", "shop"), cluster("other", "crm"))
	tests := []struct {
		name     string
		provider *Provider
		metric   string
		selector string
		want     string
	}{
		{"all topics of a group", one, "kafka_consumergroup_lag", "group=orders", "100"},
		{"with ==", one, "kafka_consumergroup_lag", "group==orders", "100"},
		{"with in", one, "kafka_consumergroup_lag", "group in (orders)", "100"},
		{"one topic", one, "kafka_consumergroup_lag", "group=orders,topic=refunds", "10"},
		{"some topics", one, "kafka_consumergroup_lag", "group=orders,topic in (orders,refunds)", "100"},
		{"a cluster by name", two, "kafka_consumergroup_lag", "cluster=main,group=orders", "100"},
		{"nothing behind is a true 0", one, "kafka_consumergroup_lag", "group=idle", "0"},
		{"the worst partition", one, "kafka_consumergroup_lag_max", "group=orders", "68"},
		{"at commit", one, "kafka_consumergroup_lag_at_commit", "group=orders", "50"},
		{"seconds, of the oldest of all topics", one, "kafka_consumergroup_lag_seconds", "group=orders", "9"},
		{"seconds, of one topic", one, "kafka_consumergroup_lag_seconds", "group=orders,topic=refunds", "1"},
		{"seconds are 0 when nothing is unread", one, "kafka_consumergroup_lag_seconds", "group=idle", "0"},
		{"and only then", one, "kafka_consumergroup_lag_seconds", "group=young", "1m"},
		{"an alias for a group", one, "kafka_consumergroup_lag", "alias=long", "105"},
		{"an alias for a group, and a topic", one, "kafka_consumergroup_lag", "alias=long,topic=orders", "90"},
		{"an alias for a group and topics", one, "kafka_consumergroup_lag", "alias=long-money", "10"},
		{"an alias for topics", one, "kafka_consumergroup_lag", "alias=money,group=orders", "100"},
		{"an alias for topics by pattern", one, "kafka_consumergroup_lag", "alias=all-re", "15"},
		{"an alias in one of several clusters", two, "kafka_consumergroup_lag", "alias=long,cluster=main", "105"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ask(t, test.provider, "shop", test.metric, test.selector)
			if err != nil || got != test.want {
				t.Errorf("got %s, %v; want %s", got, err, test.want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	const lag = "kafka_consumergroup_lag"
	none, one, two := provider(), provider(cluster("main", "shop")), provider(cluster("main", "shop"), cluster("other", "crm"), cluster("third", "*"))
	tests := []struct {
		name      string
		provider  *Provider
		namespace string
		metric    string
		selector  string
		code      int32
		message   string
	}{
		{"an unknown metric names the known ones", one, "shop", "kafka_lag", "group=orders", 404, `there is no metric "kafka_lag"; there are flink_backpressured_ratio, flink_busy_ratio, flink_cpu_load, `},
		{"an unknown alias", one, "shop", lag, "alias=x", 404, `Kafka cluster "main" has no alias "x"; add it to the cluster's aliases`},
		{"an alias for a group beside a group", one, "shop", lag, "alias=long,group=orders", 400, `label group beside alias "long"`},
		{"an alias for topics alone", one, "shop", lag, "alias=money", 400, `label group is needed beside alias "money"`},
		{"an alias for topics beside a topic", one, "shop", lag, "alias=money,group=orders,topic=orders", 400, `label topic beside alias "money"`},
		{"at commit before a commit was seen", one, "shop", "kafka_consumergroup_lag_at_commit", "group=fresh", 503, "known with its next commit"},
		{"an age that is being looked up", one, "shop", "kafka_consumergroup_lag_seconds", "group=fresh", 503, `topic "orders": being looked up`},
		{"no group", one, "shop", lag, "", 400, "label group is needed"},
		{"no group besides a topic", one, "shop", lag, "topic=orders", 400, "label group is needed"},
		{"an unknown label", one, "shop", lag, "group=orders,partition=3", 400, "label partition has no meaning for Kafka; cluster, group, topic and alias have"},
		{"an operator that makes no sense", one, "shop", lag, "group!=orders", 400, `label group with "!="; only =, == and in are possible`},
		{"existence", one, "shop", lag, "group", 400, `label group with "exists"`},
		{"two groups", one, "shop", lag, "group in (orders,idle)", 400, "label group needs one value"},
		{"an empty group", one, "shop", lag, "group=", 400, "label group needs one value"},
		{"the same label twice", one, "shop", lag, "group=orders,group=idle", 400, "label group stands there twice"},
		{"no cluster configured", none, "shop", lag, "group=orders", 404, "no Kafka cluster is configured; add one to kafka.clusters"},
		{"an unknown cluster", one, "shop", lag, "cluster=b,group=orders", 404, `no Kafka cluster "b" is configured`},
		{"which of several clusters, of those one may read", two, "shop", lag, "group=orders", 400, `the label cluster is needed; namespace "shop" may read: main, third`},
		{"a namespace that is not admitted", two, "shop", lag, "cluster=other,group=orders", 403, `namespace "shop" may not read Kafka cluster "other"; add it`},
		{"nor to the only cluster", one, "crm", lag, "group=orders", 403, `namespace "crm" may not read`},
		{"an unknown group", one, "shop", lag, "group=ghost", 404, `consumer group "ghost" in Kafka cluster "main": not found: no broker knows the group`},
		{"a topic without commits", one, "shop", lag, "group=orders,topic=clicks", 404, `nothing on topic "clicks"`},
		{"a broker that is down", one, "shop", lag, "group=broken", 503, `consumer group "broken" in Kafka cluster "main": broker 2 (kafka-2:9092): OffsetFetch: no answer in time`},
		{"a sample that is too old", one, "shop", lag, "group=old", 503, "older than maxAge"},
		{"no sample yet", one, "shop", lag, "group=new", 503, "nothing has been collected yet"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ask(t, test.provider, test.namespace, test.metric, test.selector)
			wantStatus(t, err, test.code, test.message)
		})
	}
}

// wantStatus fails unless err is a bare status with that code and text.
func wantStatus(t *testing.T, err error, code int32, message string) {
	t.Helper()
	status, bare := err.(*apierrors.StatusError) //nolint:errorlint // it must not be wrapped
	if !bare {
		t.Fatalf("got %T %v, want a bare *StatusError", err, err)
	}
	got := status.Status()
	if got.Code != code || !strings.Contains(got.Message, message) || got.Status != metav1.StatusFailure || string(got.Reason) == "" {
		t.Errorf("got %d %s %q, want %d %q", got.Code, got.Reason, got.Message, code, message)
	}
	if got.Details != nil {
		t.Errorf("details %+v may make clients sleep", got.Details)
	}
}

func TestNothingSelectsNothing(t *testing.T) {
	for _, metric := range provider().ListAllExternalMetrics() {
		_, err := provider(cluster("main", "*")).GetExternalMetric(t.Context(), "shop", labels.Nothing(), metric)
		if !apierrors.IsBadRequest(err) {
			t.Errorf("%s: %v", metric.Metric, err)
		}
	}
}

func TestLabelsAsAsked(t *testing.T) {
	selector, _ := labels.Parse("group=orders,topic in (refunds,orders)")
	list, err := provider(cluster("main", "*")).GetExternalMetric(t.Context(), "shop", selector, metrics.ExternalMetricInfo{Metric: "kafka_consumergroup_lag"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"group": "orders", "topic": "orders,refunds"}, list.Items[0].MetricLabels); diff != "" {
		t.Error(diff)
	}
}

func TestListAllExternalMetrics(t *testing.T) {
	var got []string
	for _, metric := range provider().ListAllExternalMetrics() {
		got = append(got, metric.Metric)
	}
	want := []string{
		"flink_backpressured_ratio", "flink_busy_ratio", "flink_cpu_load", "flink_desired_taskmanager_memory_bytes", "flink_desired_taskmanagers", "flink_event_time_lag_seconds", "flink_gc_time_ratio",
		"flink_heap_used_ratio", "flink_idle_ratio", "flink_kafka_lag", "flink_parallelism", "flink_pending_records", "flink_records_in_per_second", "flink_restarts", "flink_slots", "flink_taskmanagers",
		"kafka_consumergroup_lag", "kafka_consumergroup_lag_at_commit", "kafka_consumergroup_lag_max", "kafka_consumergroup_lag_seconds",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzSelector: whatever selector parses, the answer is a value or a bare status error.
func FuzzSelector(f *testing.F) {
	for _, seed := range []string{"group=orders", "cluster=main,group in (orders),topic in (a,b)", "group", "!group", "group>1", "topic=,group=", "alias=long,topic=orders", "kafka-cluster=main,app=orders", "!kafka-cluster"} {
		f.Add(seed)
	}
	p := provider(cluster("main", "*"), cluster("other", "crm"))
	f.Fuzz(func(t *testing.T, text string) {
		selector, err := labels.Parse(text)
		if err != nil {
			return
		}
		for _, metric := range []string{"kafka_consumergroup_lag", DesiredTaskManagers} {
			list, err := p.GetExternalMetric(t.Context(), "shop", selector, metrics.ExternalMetricInfo{Metric: metric})
			if _, bare := err.(*apierrors.StatusError); err != nil && !bare || err == nil && len(list.Items) != 1 { //nolint:errorlint // as above
				t.Errorf("%s, %q: %v, %v", metric, text, list, err)
			}
		}
	})
}

// BenchmarkRead is what a request costs beyond the API server around it.
func BenchmarkRead(b *testing.B) {
	p := provider(cluster("main", "*"))
	selector, _ := labels.Parse("group=orders")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.GetExternalMetric(b.Context(), "shop", selector, metrics.ExternalMetricInfo{Metric: "kafka_consumergroup_lag"}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestOtherNamespacesAreNotServed(t *testing.T) {
	p := New(nil, "shop", "ops")
	p.SetKafkaClusters([]KafkaCluster{cluster("main", "*")})
	orders := labels.SelectorFromSet(labels.Set{"group": "orders"})
	if _, err := p.GetExternalMetric(t.Context(), "shop", orders, metrics.ExternalMetricInfo{Metric: "kafka_consumergroup_lag"}); err != nil {
		t.Errorf("in a namespace that is served: %v", err)
	}
	_, err := p.GetExternalMetric(t.Context(), "crm", orders, metrics.ExternalMetricInfo{Metric: "kafka_consumergroup_lag"})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `namespace "crm" is not among those that the adapter serves; add it to its --namespaces`) {
		t.Errorf("in another: %v", err)
	}
	if _, err := p.Explain(t.Context(), "crm", orders, true); !apierrors.IsForbidden(err) {
		t.Errorf("an explanation in another: %v", err)
	}
}

func TestAskTellsWhatTheAnswerWouldWithoutWaitingForOne(t *testing.T) {
	waits := groupsFunc(func(ctx context.Context, _ kafka.Key) snapshot.Sample[kafka.Group] {
		if ctx.Err() == nil {
			t.Error("it would wait")
		}
		return snapshot.Fail[kafka.Group](snapshot.ErrNone)
	})
	main := cluster("main", "*")
	main.Groups = waits
	p := New(nil)
	p.SetKafkaClusters([]KafkaCluster{main})
	orders := labels.SelectorFromSet(labels.Set{"group": "orders"})
	if err := p.Ask("shop", "kafka_consumergroup_lag", orders); !errors.Is(err, snapshot.ErrNone) {
		t.Errorf("a question without an answer: %v", err)
	}
	if err := p.Ask("shop", "no_metric", orders); err != nil || p.Serves("no_metric") || !p.Serves("flink_busy_ratio") {
		t.Errorf("a question about no metric of ours: %v", err)
	}
}

// groupsFunc is a Reader of groups.
type groupsFunc func(context.Context, kafka.Key) snapshot.Sample[kafka.Group]

func (r groupsFunc) Read(ctx context.Context, key kafka.Key) snapshot.Sample[kafka.Group] {
	return r(ctx, key)
}
