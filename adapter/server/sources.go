package server

import (
	"context"
	"errors"
	"sync"

	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/collect"
	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/adapter/provider"
)

// sources is all that is collected: a loop for each Kafka cluster, so that one that is down holds up no other, and one
// for Flink.
type sources struct {
	discovery *flink.Discovery
	clusters  []provider.KafkaCluster
	jobs      provider.Reader[flink.JobManager, flink.Job]
	clients   []*kafka.Client
	loops     []loop
}

// loop is what the server needs of a collect.Loop, whatever it collects.
type loop interface {
	Run(ctx context.Context)
	Started() error
	Alive() error
}

func newSources(conf config.Config, client kubernetes.Interface, clock clock.Clock) *sources {
	s := &sources{discovery: flink.NewDiscovery(client)}
	for _, cluster := range conf.Kafka.Clusters {
		client := kafka.New(kafka.Options{BootstrapServers: cluster.BootstrapServers, Timeout: conf.Kafka.Timeout.Duration, Clock: clock})
		groups := collect.New(collect.Options{
			Name: "kafka/" + cluster.Name, Interval: conf.Kafka.Interval.Duration, Timeout: conf.Kafka.Timeout.Duration,
			MaxAge: conf.Kafka.MaxAge.Duration, Clock: clock,
		}, client.Poll)
		s.clients = append(s.clients, client)
		s.loops = append(s.loops, groups)
		s.clusters = append(s.clusters, provider.KafkaCluster{KafkaCluster: cluster, Groups: groups})
	}
	collector := flink.NewCollector(flink.Options{
		Settle: conf.Flink.Settle.Duration, Window: conf.Flink.Window.Duration, Clock: clock, Running: s.discovery.Running,
	})
	jobs := collect.New(collect.Options{
		Name: "flink", Interval: conf.Flink.Interval.Duration, Timeout: conf.Flink.Timeout.Duration,
		MaxAge: conf.Flink.MaxAge.Duration, Clock: clock,
	}, collector.Poll)
	s.jobs = jobs
	s.loops = append(s.loops, jobs)
	return s
}

func (s *sources) provider() *provider.Provider { return provider.New(s.clusters, s.discovery, s.jobs) }

// run collects until ctx ends.
func (s *sources) run(ctx context.Context) {
	klog.FromContext(ctx).Info("Collecting", "kafkaClusters", len(s.clusters))
	s.discovery.Start(ctx)
	var loops sync.WaitGroup
	for _, l := range s.loops {
		loops.Go(func() { l.Run(ctx) })
	}
	loops.Wait()
	for _, client := range s.clients {
		client.Close()
	}
}

// ready is nil once the pods are known and each loop has gone round. It never asks whether Kafka or Flink is well: an
// adapter that isn't ready takes the whole external metrics API away from the cluster.
func (s *sources) ready() error {
	errs := []error{s.discovery.Synced()}
	for _, l := range s.loops {
		errs = append(errs, l.Started())
	}
	return errors.Join(errs...)
}

// alive complains about a loop that hangs.
func (s *sources) alive() error {
	var errs []error
	for _, l := range s.loops {
		errs = append(errs, l.Alive())
	}
	return errors.Join(errs...)
}
