package provider

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// jobManagers is a Finder: selector -> name of the Flink cluster, in namespace shop.
type jobManagers map[string]string

func (j jobManagers) Find(namespace string, selector labels.Selector) (flink.Cluster, error) {
	name, ok := j[selector.String()]
	if !ok || namespace != "shop" && namespace != "crm" {
		return flink.Cluster{}, fmt.Errorf("%w: no running pod", flink.ErrNotFound)
	}
	if name == "several" {
		return flink.Cluster{}, errors.New("the JobManagers of several Flink clusters match")
	}
	return jobOf(namespace, name), nil
}

func jobOf(namespace, name string) flink.Cluster {
	return flink.Cluster{Namespace: namespace, Kind: "Job", Name: name}
}

const (
	needSources = flink.NeedSources
	needDesired = flink.NeedSources | flink.NeedDesired | flink.NeedMemory
)

// reading is one of the time of all samples.
func reading(value float64) flink.Reading { return flink.Reading{Value: value, Time: at} }

// known is a job in which each reading is another number, and so tells which it is.
func known(wanted float64) snapshot.Sample[flink.Job] {
	return snapshot.Sample[flink.Job]{Time: at.Add(time.Second), Value: flink.Job{
		Busy: reading(0.70449), Backpressured: reading(0.2), Idle: reading(0.1), KafkaLag: reading(1e9 + 1), Pending: reading(50), RecordsIn: reading(60.25), EventLag: reading(7.0004),
		HeapUsed: reading(0.8), GCTime: reading(0.09), CPULoad: reading(0.01), TaskManagers: reading(11), Slots: reading(22), Parallelism: reading(21), Restarts: reading(4), Busiest: "work", Desired: reading(wanted),
		Memory:      reading(428 << 20),
		Explanation: flink.Explanation{Job: "5c", Decision: desired.Decision{TaskManagers: int(wanted)}},
	}}
}

// provider knows jobs, each under the very key that its question must have.
func provider(clusters ...KafkaCluster) *Provider {
	p := New(jobManagers{"app=orders": "orders", "app=settling": "settling", "app=idle": "idle", "app=held": "held", "team=a": "several", "": "orders"})
	p.SetKafkaClusters(clusters)
	key := func(name string, needs flink.Needs, kafka string) flink.Key {
		return flink.Key{Cluster: jobOf("shop", name), Needs: needs, Kafka: kafka}
	}
	settling := flink.Reading{Err: errors.New("job 5c: the job restarted")}
	held := known(12)
	held.Value.Busy, held.Value.Explanation.Held = settling, "job 5c: the job restarted"
	p.SetJobs(memory[flink.Key, flink.Job]{
		key("orders", flink.NeedNothing, ""):                  known(0),
		key("orders", flink.NeedTaskManagers, ""):             known(0),
		key("orders", flink.NeedMemory, ""):                   known(0),
		key("orders", needSources, ""):                        known(0),
		key("orders", needSources, "main"):                    known(0),
		key("orders", needDesired, ""):                        known(3),
		key("orders", needDesired, "main"):                    known(12),
		{Cluster: jobOf("crm", "orders"), Needs: needDesired}: known(3),
		key("idle", flink.NeedNothing, ""):                    {Time: at, Value: flink.Job{Busy: reading(0)}},
		key("settling", flink.NeedNothing, ""):                {Time: at, Value: flink.Job{Busy: settling}},
		key("settling", needDesired, "main"):                  {Time: at, Value: flink.Job{Desired: settling}},
		key("held", needDesired, "main"):                      held,
		key("held", flink.NeedNothing, ""):                    held,
	})
	return p
}

func TestFlinkValues(t *testing.T) {
	none, one, two := provider(), provider(cluster("main", "*")), provider(cluster("main", "shop"), cluster("other", "crm"))
	foreign := provider(cluster("main", "crm"))
	tests := []struct {
		name     string
		provider *Provider
		metric   string
		selector string
		want     string
	}{
		{"a ratio in thousandths", one, "flink_busy_ratio", "app=orders", "704m"},
		{"a job that idles is a true 0", one, "flink_busy_ratio", "app=idle", "0"},
		{"the only JobManager needs no selector", one, "flink_busy_ratio", "", "704m"},
		{"a ratio needs no Kafka cluster", none, "flink_busy_ratio", "app=orders", "704m"},
		{"nor the label of one among several", two, "flink_busy_ratio", "app=orders", "704m"},
		{"a label for Kafka is none of the pod's", two, "flink_busy_ratio", "app=orders,kafka-cluster=main", "704m"},
		{"back-pressured", one, "flink_backpressured_ratio", "app=orders", "200m"},
		{"idle", one, "flink_idle_ratio", "app=orders", "100m"},
		{"TaskManagers", one, "flink_taskmanagers", "app=orders", "11"},
		{"slots", one, "flink_slots", "app=orders", "22"},
		{"parallelism", one, "flink_parallelism", "app=orders", "21"},
		{"restarts", one, "flink_restarts", "app=orders", "4"},
		{"the lag in the only Kafka cluster", one, "flink_kafka_lag", "app=orders", "1000000001"},
		{"the lag in the Kafka cluster that is named", two, "flink_kafka_lag", "app=orders,kafka-cluster=main", "1000000001"},
		{"named with in", two, "flink_kafka_lag", "app=orders,kafka-cluster in (main)", "1000000001"},
		{"pending records", two, "flink_pending_records", "app=orders", "50"},
		{"records in", two, "flink_records_in_per_second", "app=orders", "60250m"},
		{"event time lag", two, "flink_event_time_lag_seconds", "app=orders", "7"},
		{"heap", one, "flink_heap_used_ratio", "app=orders", "800m"},
		{"collection", one, "flink_gc_time_ratio", "app=orders", "90m"},
		{"CPU", one, "flink_cpu_load", "app=orders", "10m"},
		{"memory of a TaskManager, in bytes", one, "flink_desired_taskmanager_memory_bytes", "app=orders", "448790528"},
		{"desired, by the only Kafka cluster", one, "flink_desired_taskmanagers", "app=orders", "12"},
		{"desired, by the one that is named", two, "flink_desired_taskmanagers", "app=orders,kafka-cluster=main", "12"},
		{"desired without a Kafka cluster", none, "flink_desired_taskmanagers", "app=orders", "3"},
		{"desired without the label of one among several", two, "flink_desired_taskmanagers", "app=orders", "3"},
		{"desired where the only one is others'", foreign, "flink_desired_taskmanagers", "app=orders", "3"},
		{"desired that is held", one, "flink_desired_taskmanagers", "app=held", "12"},
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

func TestFlinkErrors(t *testing.T) {
	const busy, lag, wanted = "flink_busy_ratio", "flink_kafka_lag", "flink_desired_taskmanagers"
	none, one, two := provider(), provider(cluster("main", "shop")), provider(cluster("main", "shop"), cluster("other", "crm"))
	tests := []struct {
		name      string
		provider  *Provider
		namespace string
		metric    string
		selector  string
		code      int32
		message   string
	}{
		{"no JobManager", one, "shop", busy, "app=other", 404, "no running pod"},
		{"a JobManager of another namespace", one, "hr", busy, "app=orders", 404, "no running pod"},
		{"several Flink clusters", one, "shop", busy, "team=a", 503, "the JobManagers of several Flink clusters match"},
		{"a job that settles", one, "shop", busy, "app=settling", 503, "JobManager Job shop/settling: job 5c: the job restarted"},
		{"desired that is not held any more", one, "shop", wanted, "app=settling", 503, "JobManager Job shop/settling: job 5c: the job restarted"},
		{"a ratio is never held", one, "shop", busy, "app=held", 503, "JobManager Job shop/held: job 5c: the job restarted"},
		{"nobody has looked yet", one, "shop", "flink_cpu_load", "app=idle", 503, "JobManager Job shop/idle: nothing has been collected yet"},
		{"lag without a Kafka cluster", none, "shop", lag, "app=orders", 404, "no Kafka cluster is configured; add one to kafka.clusters"},
		{"lag in one of several", two, "shop", lag, "app=orders", 400, `the label kafka-cluster is needed; namespace "shop" may read: main`},
		{"lag in one that is others'", two, "shop", lag, "app=orders,kafka-cluster=other", 403, `namespace "shop" may not read Kafka cluster "other"`},
		{"lag in the only one, which is others'", one, "crm", lag, "app=orders", 403, `namespace "crm" may not read Kafka cluster "main"`},
		{"desired by one that is others'", two, "shop", wanted, "app=orders,kafka-cluster=other", 403, `namespace "shop" may not read Kafka cluster "other"`},
		{"desired by one that is not configured", one, "shop", wanted, "app=orders,kafka-cluster=b", 404, `no Kafka cluster "b" is configured`},
		{"two Kafka clusters", two, "shop", wanted, "app=orders,kafka-cluster in (main,other)", 400, "label kafka-cluster needs one value"},
		{"the label twice", two, "shop", wanted, "app=orders,kafka-cluster=main,kafka-cluster=other", 400, "label kafka-cluster stands there twice"},
		{"not a Kafka cluster", two, "shop", wanted, "app=orders,kafka-cluster!=main", 400, "label kafka-cluster needs one value"},
		{"an empty Kafka cluster", two, "shop", wanted, "app=orders,kafka-cluster=", 400, "label kafka-cluster needs one value"},
		{"any Kafka cluster", two, "shop", wanted, "app=orders,kafka-cluster", 400, "label kafka-cluster needs one value"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ask(t, test.provider, test.namespace, test.metric, test.selector)
			wantStatus(t, err, test.code, test.message)
		})
	}
}

func TestExplain(t *testing.T) {
	one, two := provider(cluster("main", "shop")), provider(cluster("main", "shop"), cluster("other", "crm"))
	explain := func(p *Provider, namespace, text string) (flink.Explanation, error) {
		selector, err := labels.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return p.Explain(t.Context(), namespace, selector, false)
	}
	for _, test := range []struct {
		name      string
		provider  *Provider
		namespace string
		selector  string
		want      int
		held      string
	}{
		{"of what the metric says", one, "shop", "app=orders", 12, ""},
		{"by the Kafka cluster that is named", two, "shop", "app=orders,kafka-cluster=main", 12, ""},
		{"without one", one, "crm", "app=orders", 3, ""},
		{"of what is held", one, "shop", "app=held", 12, "job 5c: the job restarted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := explain(test.provider, test.namespace, test.selector)
			if err != nil || got.Job != "5c" || got.Decision.TaskManagers != test.want || got.Held != test.held {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	for _, test := range []struct {
		name, selector string
		code           int32
		message        string
	}{
		{"a job that settles", "app=settling", 503, "JobManager Job shop/settling: job 5c: the job restarted"},
		{"no JobManager", "app=other", 404, "no running pod"},
		{"a Kafka cluster of others", "app=orders,kafka-cluster=other", 403, "may not read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := explain(two, "shop", test.selector)
			if test.code == 503 {
				_, err = explain(one, "shop", test.selector)
			}
			wantStatus(t, err, test.code, test.message)
		})
	}
}
