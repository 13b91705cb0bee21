package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/fake"
	clocktesting "k8s.io/utils/clock/testing"
	external "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/flink-hpa/flink-hpa/adapter/collect"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// bed is all that is collected, on a configuration file and a clock of its own, inside a synctest bubble.
type bed struct {
	*sources
	t        *testing.T
	clock    *clocktesting.FakeClock
	registry *prometheus.Registry
	path     string
	file     *configFile
}

const twoClusters = `
kafka:
  clusters:
  - {name: a, bootstrapServers: ["127.0.0.1:1"], namespaces: ["*"]}
  - {name: b, bootstrapServers: ["127.0.0.1:1"], namespaces: ["*"]}
`

func newBed(t *testing.T, content string) *bed {
	t.Helper()
	b := &bed{t: t, clock: clocktesting.NewFakeClock(time.Unix(1_000_000, 0)), registry: prometheus.NewPedanticRegistry(), path: filepath.Join(t.TempDir(), "config.yaml")}
	write(t, b.path, content)
	own, err := newOwnMetrics(b.registry)
	if err != nil {
		t.Fatal(err)
	}
	if b.file, err = openConfig(b.path, b.clock, own); err != nil {
		t.Fatal(err)
	}
	if b.sources, err = newSources(b.file.inUse, place{client: fake.NewClientset(), instance: "adapter-0", leads: func() bool { return true }, clock: b.clock}, own); err != nil {
		t.Fatal(err)
	}
	b.registry.MustRegister(newSampleAges(b.sources), b.overrides)
	t.Cleanup(func() { // a queue has goroutines from the start
		ended, end := context.WithCancel(context.Background())
		end()
		b.overrides.Run(ended)
		b.audit.Run(ended)
	})
	return b
}

// start runs everything until the test ends.
func (b *bed) start() {
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.run(ctx, b.file) }()
	b.t.Cleanup(func() { cancel(); <-done })
	// The informer backs off on the bubble's own clock, which moves on while all of us wait.
	for b.ready() != nil {
		time.Sleep(time.Second)
	}
}

// change has the adapter see another content.
func (b *bed) change(content string) {
	b.t.Helper()
	write(b.t, b.path, content)
	b.step(lookEvery)
}

func (b *bed) step(d time.Duration) { b.clock.Step(d); synctest.Wait() }

// ask reads the lag of a group and returns the error's text.
func (b *bed) ask(cluster, group string) string {
	asked := labels.SelectorFromSet(labels.Set{"cluster": cluster, "group": group})
	_, err := b.provider.GetExternalMetric(b.t.Context(), "shop", asked, external.ExternalMetricInfo{Metric: "kafka_consumergroup_lag"})
	if err == nil {
		return ""
	}
	return err.Error()
}

func (b *bed) loopOf(cluster string) loop {
	for _, source := range b.current.Load().all() {
		if source.name == kafkaName(cluster) {
			return source.loop
		}
	}
	return nil
}

const refused = "bootstrap server 127.0.0.1:1: DescribeCluster: connection refused" // what each poll of the test's clusters says

func TestSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, twoClusters)
		for _, want := range []string{"kafka/a loop has not started", "kafka/b loop has not started", "flink loop has not started", "list of JobManager pods"} {
			if err := b.ready(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("ready before the start: %v lacks %q", err, want)
			}
		}
		b.start()
		if err := b.alive(); err != nil {
			t.Errorf("alive: %v", err)
		}
		if got := b.ask("a", "g"); !strings.Contains(got, refused) {
			t.Errorf("got %q, want %q", got, refused)
		}
		_, err := b.provider.GetExternalMetric(t.Context(), "shop", labels.Everything(), external.ExternalMetricInfo{Metric: "flink_busy_ratio"})
		if err == nil || !strings.Contains(err.Error(), "no running pod") {
			t.Errorf("got %v", err)
		}
		if err := b.ready(); err != nil {
			t.Errorf("ready must not depend on Kafka: %v", err)
		}
	})
}

func TestAChangeReplacesWhatItChanges(t *testing.T) {
	cluster := func(rest string) string {
		return "kafka: {clusters: [{name: a, bootstrapServers: [\"127.0.0.1:1\"], namespaces: [shop]" + rest + "}]}"
	}
	tests := []struct {
		name          string
		before, after string
		kept          bool // the Kafka cluster's loop
		jobsKept      bool
	}{
		{"a comment changes nothing", cluster(""), "# a comment\n" + cluster(""), true, true},
		{"another namespace keeps what is remembered", cluster(""), strings.Replace(cluster(""), "[shop]", "[shop, crm]", 1), true, true},
		{"so does an alias", cluster(""), cluster(", aliases: [{name: orders, group: a/b}]"), true, true},
		{"a default that is written down is no change", cluster(""), cluster(", metadataMaxAge: 1m"), true, true},
		{"other brokers need another client", cluster(""), strings.Replace(cluster(""), ":1", ":2", 1), false, true},
		{"so does TLS", cluster(""), cluster(", tls: {}"), false, true},
		{"and another interval", cluster(""), strings.Replace(cluster(""), "kafka: {", "kafka: {interval: 9s, ", 1), false, true},
		{"Flink's settings are none of Kafka's", cluster(""), cluster("") + "\nflink: {settle: 1s}", true, false},
		{"nor is how many TaskManagers a job should have", cluster(""), cluster("") + "\nflink: {desired: {utilization: 0.65}}", true, false},
		{"a default of Flink's that is written down is no change", cluster(""), cluster("") + "\nflink: {hold: 5m}", true, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t, test.before)
				b.start()
				kafka, jobs := b.loopOf("a"), b.current.Load().jobs
				b.change(test.after)
				if kept := b.loopOf("a") == kafka; kept != test.kept {
					t.Errorf("the Kafka cluster's loop was kept: %t", kept)
				}
				if kept := b.current.Load().jobs == jobs; kept != test.jobsKept {
					t.Errorf("Flink's loop was kept: %t", kept)
				}
				if err := b.ready(); err != nil {
					t.Errorf("not ready after the change: %v", err)
				}
			})
		})
	}
}

func TestClustersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, twoClusters)
		b.start()
		b.ask("a", "g")
		b.ask("b", "g")
		b.change(strings.Replace(twoClusters, "name: a", "name: c", 1))
		if got := b.ask("a", "g"); !strings.Contains(got, `no Kafka cluster "a" is configured`) {
			t.Errorf("of the removed cluster: %q", got)
		}
		if got := b.ask("c", "g"); !strings.Contains(got, refused) {
			t.Errorf("of the new cluster: %q", got)
		}
		b.step(retireAfter)
		if n, err := testutil.GatherAndCount(b.registry, "flink_hpa_kafka_connections"); n != 2 || err != nil {
			t.Errorf("series of %d clusters are left (%v), want b and c", n, err)
		}
		b.change("kafka: {clusters: []}")
		if got := b.ask("b", "g"); !strings.Contains(got, "no Kafka cluster is configured") {
			t.Errorf("without any cluster: %q", got)
		}
	})
}

func TestLogsOfAClusterThatIsConfiguredNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, twoClusters)
		b.start()
		if got := b.logs("a", []string{"orders"}); !errors.Is(got.Err, snapshot.ErrNone) {
			t.Errorf("at first, without waiting: %v", got.Err)
		}
		synctest.Wait()
		if got := b.logs("a", []string{"orders"}); got.Err == nil || !strings.Contains(got.Err.Error(), refused) {
			t.Errorf("once they were asked for: %v", got.Err)
		}
		b.change(strings.Replace(twoClusters, "name: a", "name: c", 1))
		if got := b.logs("a", []string{"orders"}); !errors.Is(got.Err, errNoCluster) {
			t.Errorf("of the removed cluster: %v", got.Err)
		}
		if got := b.logs("c", []string{"orders"}); !errors.Is(got.Err, snapshot.ErrNone) {
			t.Errorf("of the new cluster: %v", got.Err)
		}
	})
}

func TestAReplacedLoopRunsOnForTheReadsThatWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, twoClusters)
		b.start()
		old := b.current.Load().clusters[0]
		b.change(strings.Replace(twoClusters, ":1", ":2", 1))
		if got := old.groups.Read(t.Context(), kafka.NewKey("late")); got.Err == nil || !strings.Contains(got.Err.Error(), refused) {
			t.Errorf("a read that had the old one in hand gets %v", got.Err)
		}
		b.step(retireAfter)
		ended := make(chan error)
		go func() { ended <- old.groups.Read(t.Context(), kafka.NewKey("too late")).Err }()
		synctest.Wait()
		b.step(collect.FirstSampleWait)
		if err := <-ended; !errors.Is(err, snapshot.ErrNone) {
			t.Errorf("the old one still polls: %v", err)
		}
		if got := b.ask("a", "g"); !strings.Contains(got, "127.0.0.1:2: DescribeCluster: connection refused") {
			t.Errorf("the new one answers %q", got)
		}
	})
}

func TestReadersAndChangesAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, twoClusters)
		ctx, cancel := context.WithCancel(t.Context())
		for _, source := range b.current.Load().all() {
			b.sources.start(ctx, source)
		}
		var readers sync.WaitGroup
		for _, group := range []string{"g", "h"} {
			readers.Go(func() {
				for range 200 {
					if got := b.ask("a", group); !strings.Contains(got, "DescribeCluster: connection refused") {
						t.Errorf("got %q", got)
					}
					_, _ = b.alive(), b.ready()
				}
			})
		}
		for i := range 20 {
			conf := b.file.inUse
			conf.Kafka.Clusters = slices.Clone(conf.Kafka.Clusters)
			conf.Kafka.Clusters[0].BootstrapServers = []string{fmt.Sprintf("127.0.0.1:%d", 1+i%2)}
			if err := b.apply(ctx, conf); err != nil {
				t.Error(err)
			}
			if _, err := b.registry.Gather(); err != nil {
				t.Error(err)
			}
		}
		readers.Wait()
		cancel()
		b.running.Wait()
	})
}
