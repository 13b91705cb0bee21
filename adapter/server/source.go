package server

import (
	"errors"

	"github.com/flink-hpa/flink-hpa/adapter/collect"
	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/adapter/kafka/security"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// kafkaSource collects one Kafka cluster's consumer groups.
type kafkaSource struct {
	source
	groups *collect.Loop[kafka.Key, kafka.Group]
}

// kafkaSettings is what a Kafka cluster's source is made of. Who may ask and under what alias is none of it, so a
// change there keeps what the source remembers.
type kafkaSettings struct {
	cluster string
	client  kafka.Options
	loop    collect.Options
	tls     *config.TLS
	sasl    *config.SASL
}

func kafkaSettingsOf(conf config.Kafka, cluster config.KafkaCluster) kafkaSettings {
	return kafkaSettings{
		cluster: cluster.Name,
		client: kafka.Options{
			BootstrapServers: cluster.BootstrapServers, Interval: conf.Interval.Duration, Timeout: conf.Timeout.Duration,
			MetadataMaxAge: cluster.MetadataMaxAge.Duration, Lag: cluster.Lag,
		},
		loop: collect.Options{
			Name: kafkaName(cluster.Name), Interval: conf.Interval.Duration, Timeout: conf.Timeout.Duration, MaxAge: conf.MaxAge.Duration,
		},
		tls:  cluster.TLS,
		sasl: cluster.SASL,
	}
}

// kafkaName is a cluster's source in metrics, logs and probes.
func kafkaName(cluster string) string { return "kafka/" + cluster }

func (s *sources) newKafka(settings kafkaSettings) *kafkaSource {
	meter := s.metrics.cluster(settings.cluster)
	client, loop := settings.client, settings.loop
	client.Secure, client.Meter, client.Clock = security.New(settings.tls, settings.sasl).Apply, meter, s.clock
	loop.Meter, loop.Clock = meter, s.clock
	polled := kafka.New(client)
	groups := collect.New(loop, polled.Poll)
	return &kafkaSource{source{name: loop.Name, settings: settings, configured: settings.loop, loop: groups, unmeter: meter.end, close: polled.Close}, groups}
}

// flinkSource collects the jobs of all Flink clusters.
type flinkSource struct {
	source
	jobs *collect.Loop[flink.Key, flink.Job]
}

// flinkSettings is what it is made of.
type flinkSettings struct {
	collector flink.Options
	loop      collect.Options
}

func flinkSettingsOf(conf config.Flink) flinkSettings {
	return flinkSettings{
		collector: flink.Options{
			Settle: conf.Settle.Duration, Window: conf.Window.Duration, Hold: conf.Hold.Duration, TLS: conf.TLS, Desired: conf.Desired.Rules(), Sizing: conf.Memory.Rules(),
		},
		loop: collect.Options{Name: "flink", Interval: conf.Interval.Duration, Timeout: conf.Timeout.Duration, MaxAge: conf.MaxAge.Duration},
	}
}

func (s *sources) newFlink(settings flinkSettings) *flinkSource {
	collector, loop := settings.collector, settings.loop
	collector.JobManagers, collector.Logs, collector.Clock = s.discovery.JobManagers, s.logs, s.clock
	collector.Injected, collector.Compared = s.discovery.Injected, s.overrides.Compared
	collector.Meter, collector.Changed, collector.Room = flinkMeter{s.metrics}, s.audit.Changed, s.scaled.roomOf
	collector.Remembered, collector.Sized = s.adviser.Remembered, s.adviser.Sized
	loop.Meter, loop.Clock = s.metrics.loop(loop.Name), s.clock
	jobs := collect.New(loop, flink.NewCollector(collector).Poll)
	return &flinkSource{source{name: loop.Name, settings: settings, configured: settings.loop, loop: jobs, unmeter: func(bool) {}, close: func() {}}, jobs}
}

var errNoCluster = errors.New("it is not configured any more")

// logs tells from memory where the logs of topics ended lately in a Kafka cluster that is configured now.
func (s *sources) logs(cluster string, topics []string) snapshot.Sample[kafka.Group] {
	for _, k := range s.current.Load().clusters {
		if k.name == kafkaName(cluster) {
			return k.groups.Peek(kafka.LogsKey(topics...))
		}
	}
	return snapshot.Fail[kafka.Group](errNoCluster)
}
