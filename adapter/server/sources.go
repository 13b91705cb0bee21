package server

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/advice"
	"github.com/flink-hpa/flink-hpa/adapter/audit"
	"github.com/flink-hpa/flink-hpa/adapter/collect"
	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/demand"
	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/provider"
	"github.com/flink-hpa/flink-hpa/adapter/room"
	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
	"github.com/flink-hpa/flink-hpa/internal/events"
)

// retireAfter is how long a source that was replaced runs on, for the reads that wait for its first sample.
const retireAfter = 2 * collect.FirstSampleWait

// sources is all that is collected: a source for each Kafka cluster, so that one that is down holds up no other, and one
// for Flink. Which ones there are follows the configuration.
type sources struct {
	clock     clock.Clock
	metrics   *ownMetrics
	discovery *flink.Discovery
	overrides *flink.Overrides
	audit     *audit.Audit
	provider  *provider.Provider
	demand    *demand.Demand
	scaled    *scaled
	adviser   *advice.Adviser

	taskManagers *taskmanagers.Watch
	quotas       *room.Quotas

	current atomic.Pointer[collected]
	running sync.WaitGroup
}

// collected is what one configuration means. It never changes.
type collected struct {
	clusters []*kafkaSource
	jobs     *flinkSource
}

// source is one loop and what belongs to it.
type source struct {
	name       string
	settings   any             // what it was made of; one that would be made of the same is kept
	configured collect.Options // of the loop
	loop       loop
	unmeter    func(replaced bool) // drops its metrics, but those that a source of the same name goes on with
	close      func()              // ends its connections, when the loop has ended
	stop       context.CancelFunc  // ends the loop; nil before it was started
}

// loop is what the server needs of a collect.Loop, whatever it collects.
type loop interface {
	Run(ctx context.Context)
	Started() error
	Alive() error
	OldestSample() (age time.Duration, ok bool)
}

// place is where the adapter runs.
type place struct {
	client     kubernetes.Interface
	dynamic    dynamic.Interface
	instance   string      // this pod, the author of Events
	leads      func() bool // whether it is the replica that writes Events of changes
	namespaces []string    // that are served; none: all
	clock      clock.Clock
}

// newSources returns the sources of conf, none of which runs yet.
func newSources(conf config.Config, in place, metrics *ownMetrics) (*sources, error) {
	client, namespaces, clock := in.client, in.namespaces, in.clock
	discovery := flink.NewDiscovery(client, namespaces...)
	answers := provider.New(discovery, namespaces...)
	s := &sources{
		clock: clock, metrics: metrics, discovery: discovery, provider: answers,
		demand:    demand.New(client, demand.Options{Namespaces: namespaces, Serves: answers.MayServe, Ask: answers.Ask, Clock: clock}),
		overrides: flink.NewOverrides(client, discovery.Running, in.instance, clock),
	}
	s.audit = audit.New(audit.Options{
		Events: events.Writer{Client: client, Clock: clock, Controller: events.Adapter, Instance: in.instance}, Leads: in.leads, HPAs: s.scaling, HPAsOn: s.scalingOn,
	})
	s.taskManagers, s.quotas = taskmanagers.New(client, namespaces...), room.NewQuotas(client, namespaces...)
	rooms := &room.Rooms{TaskManagers: s.taskManagers.Of, Quotas: s.quotas.In}
	s.scaled = &scaled{
		clock: clock, asking: s.demand.Asking, cluster: answers.FlinkCluster, explain: answers.Explain, room: rooms.Of, tell: s.audit.MaxReplicas,
		rules: func() map[types.NamespacedName]labels.Selector { return nil }, // until there are some
	}
	s.adviser = s.newAdviser(in)
	s.current.Store(&collected{})
	next, clusters, err := s.plan(conf)
	if err != nil {
		return nil, err
	}
	s.publish(next, clusters)
	return s, nil
}

// scaling are the HPAs that go by the desired number of that Flink cluster.
func (s *sources) scaling(cluster flink.Cluster) []*autoscalingv2.HorizontalPodAutoscaler {
	var hpas []*autoscalingv2.HorizontalPodAutoscaler
	for hpa, selector := range s.demand.Asking(cluster.Namespace, provider.DesiredTaskManagers) {
		if meant, err := s.provider.FlinkCluster(cluster.Namespace, selector); err == nil && meant == cluster {
			hpas = append(hpas, hpa)
		}
	}
	return hpas
}

// scalingOn are the HPAs of a namespace that go by the metric of that name.
func (s *sources) scalingOn(namespace, metric string) []*autoscalingv2.HorizontalPodAutoscaler {
	var hpas []*autoscalingv2.HorizontalPodAutoscaler
	for hpa := range s.demand.Asking(namespace, metric) {
		hpas = append(hpas, hpa)
	}
	return hpas
}

// plan says what conf means, with the sources that are there already where it means the same.
func (s *sources) plan(conf config.Config) (*collected, []provider.KafkaCluster, error) {
	old, next := s.current.Load(), &collected{}
	clusters := make([]provider.KafkaCluster, 0, len(conf.Kafka.Clusters))
	for _, cluster := range conf.Kafka.Clusters {
		settings := kafkaSettingsOf(conf.Kafka, cluster)
		same := slices.IndexFunc(old.clusters, func(k *kafkaSource) bool { return reflect.DeepEqual(k.settings, settings) })
		var k *kafkaSource
		if same >= 0 {
			k = old.clusters[same]
		} else {
			k = s.newKafka(settings)
		}
		served, err := provider.NewKafkaCluster(cluster, k.groups)
		if err != nil {
			return nil, nil, err
		}
		next.clusters, clusters = append(next.clusters, k), append(clusters, served)
	}
	settings := flinkSettingsOf(conf.Flink)
	if next.jobs = old.jobs; old.jobs == nil || !reflect.DeepEqual(old.jobs.settings, settings) {
		next.jobs = s.newFlink(settings)
	}
	return next, clusters, nil
}

func (s *sources) publish(next *collected, clusters []provider.KafkaCluster) {
	s.current.Store(next)
	s.provider.SetKafkaClusters(clusters)
	s.provider.SetJobs(next.jobs.jobs)
}

// run collects what the file says, until ctx ends.
func (s *sources) run(ctx context.Context, file *configFile) {
	s.discovery.Start(ctx)
	s.taskManagers.Start(ctx)
	s.quotas.Start(ctx)
	s.running.Go(func() { s.overrides.Run(ctx) })
	s.running.Go(func() { s.audit.Run(ctx) })
	s.running.Go(func() { s.demand.Run(ctx) })
	s.running.Go(func() { s.scaled.run(ctx) })
	s.running.Go(func() { s.adviser.Run(ctx) })
	for _, started := range s.current.Load().all() {
		s.start(ctx, started)
	}
	file.watch(ctx, func(conf config.Config) error { return s.apply(ctx, conf) })
	s.running.Wait()
}

// apply takes another configuration into use. What didn't change runs on and remembers what it has seen.
func (s *sources) apply(ctx context.Context, conf config.Config) error {
	next, clusters, err := s.plan(conf)
	if err != nil {
		return err
	}
	before, after := s.current.Load().all(), next.all()
	gone := slices.DeleteFunc(slices.Clone(before), func(o *source) bool { return slices.Contains(after, o) })
	for _, o := range gone {
		o.unmeter(slices.ContainsFunc(after, func(n *source) bool { return n.name == o.name }))
	}
	for _, n := range after {
		if n.stop == nil {
			s.start(ctx, n)
		}
	}
	s.publish(next, clusters)
	for _, o := range gone {
		s.retire(ctx, o)
	}
	return nil
}

func (s *sources) start(ctx context.Context, started *source) {
	klog.FromContext(ctx).Info("Collecting", "source", started.name)
	ctx, started.stop = context.WithCancel(ctx)
	s.running.Go(func() {
		started.loop.Run(ctx)
		started.close()
	})
}

func (s *sources) retire(ctx context.Context, old *source) {
	klog.FromContext(ctx).Info("Collecting no more with the settings of before", "source", old.name)
	wait := s.clock.NewTimer(retireAfter)
	s.running.Go(func() {
		defer wait.Stop()
		select {
		case <-wait.C():
		case <-ctx.Done():
		}
		old.stop()
	})
}

func (c *collected) all() []*source {
	all := make([]*source, 0, len(c.clusters)+1)
	for _, k := range c.clusters {
		all = append(all, &k.source)
	}
	return append(all, &c.jobs.source)
}

// ready is nil once the pods are known and each loop has gone round. It never asks whether Kafka or Flink is well: an
// adapter that isn't ready takes the whole external metrics API away from the cluster.
func (s *sources) ready() error {
	errs := []error{s.discovery.Synced(), s.taskManagers.Synced()}
	for _, source := range s.current.Load().all() {
		errs = append(errs, source.loop.Started())
	}
	return errors.Join(errs...)
}

// alive complains about a loop that hangs.
func (s *sources) alive() error {
	var errs []error
	for _, source := range s.current.Load().all() {
		errs = append(errs, source.loop.Alive())
	}
	return errors.Join(errs...)
}
