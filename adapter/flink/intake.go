package flink

import (
	"errors"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
)

var errNoSource = errors.New("no source of the job runs")

// intake is what is known of one source vertex in one round.
type intake struct {
	vertex                                 int // in the epoch
	recordsIn, pending, eventLag, kafkaLag Reading
	facts                                  desired.Source
	err                                    error // why facts are not known now
}

// intakes puts together what the looks tell of the job's sources, and what is known of the Kafka cluster that they read.
func (c *Collector) intakes(r round, m *memory, cluster string) ([]intake, error) {
	if r.job.sourcesErr != nil {
		return nil, r.job.sourcesErr
	}
	var all []intake
	for i, vertex := range r.job.plan {
		if !isSource(vertex) {
			continue
		}
		in := intake{
			vertex: i, recordsIn: m.recordsIn(r.window, i), pending: r.window.pending(vertex.ID), eventLag: r.window.eventLag(vertex.ID),
		}
		l := logsOf(r.job.sources[vertex.ID], cluster, c.opts.Logs)
		if l.err == nil {
			in.kafkaLag, in.facts, in.err = m.kafkaFacts(vertex.ID, l, c.opts.Window)
		} else {
			in.kafkaLag = failed(l.err)
			in.facts, in.err = m.facts(in, vertex.ID, l.err)
		}
		all = append(all, in)
	}
	if len(all) == 0 {
		return nil, errNoSource
	}
	return all, nil
}

// kafkaFacts are a source's by the log ends of what it reads: its lag, what is written for it, and how many partitions there are.
func (h *history) kafkaFacts(vertex string, l logs, length time.Duration) (Reading, desired.Source, error) {
	seen, err := h.kafkaLook(vertex, l)
	if err != nil {
		return failed(err), desired.Source{}, err
	}
	behind, partitions, err := h.behind(seen, vertex, l)
	if err != nil {
		return failed(err), desired.Source{}, err
	}
	lag := Reading{Value: behind, Time: seen.sourced}
	_, last := l.seen()
	arrival, err := l.written(seen.sources[vertex], last, min(length, kafka.LogReach/2))
	return lag, desired.Source{Arrival: arrival, Rise: l.rise(seen.sources[vertex]), Backlog: behind, Partitions: partitions}, err
}

// facts are a source's without Kafka: what it reads, and how what it says is pending grows. A source that says nothing, or reads a
// Kafka cluster that nobody named, leaves them unknown. What is wrong only now is an error: nothing stands for it.
func (h *history) facts(in intake, vertex string, noKafka error) (desired.Source, error) {
	switch {
	case errors.Is(noKafka, errNoKafka):
		return desired.Source{Unknown: noKafka.Error()}, nil
	case !errors.Is(noKafka, errNoKafkaSource):
		return desired.Source{}, noKafka
	case in.pending.Err != nil:
		return desired.Source{Unknown: "it reports neither positions in Kafka partitions nor pendingRecords"}, nil
	case in.recordsIn.Err != nil:
		return desired.Source{}, in.recordsIn.Err
	}
	growth := h.growth(vertex, pendingOf)
	return desired.Source{Arrival: max(in.recordsIn.Value+growth.Value, 0), Backlog: in.pending.Value}, growth.Err
}

// put fills in the job's readings: each over all sources, or why one of them lacks it. The lag leaves out sources that read something
// else than Kafka, and the age of records those without.
func put(job *Job, intakes []intake, err error) {
	if err != nil {
		job.RecordsIn, job.Pending, job.KafkaLag, job.EventLag = failed(err), failed(err), failed(err), failed(err)
		return
	}
	var in, pending, lag []Reading
	job.EventLag = failed(errNoEventTime)
	for _, source := range intakes {
		in, pending = append(in, source.recordsIn), append(pending, source.pending)
		if !errors.Is(source.kafkaLag.Err, errNoKafkaSource) {
			lag = append(lag, source.kafkaLag)
		}
		if source.eventLag.Err == nil && (job.EventLag.Err != nil || source.eventLag.Value > job.EventLag.Value) {
			job.EventLag = source.eventLag
		}
	}
	job.RecordsIn, job.Pending, job.KafkaLag = added(in), added(pending), added(lag)
	if len(lag) == 0 {
		job.KafkaLag = failed(errNoKafkaSource)
	}
}

// added is the sum of readings, as old as the oldest, or the first error among them.
func added(readings []Reading) Reading {
	var all Reading
	for _, reading := range readings {
		if reading.Err != nil {
			return reading
		}
		all.Value += reading.Value
		if all.Time.IsZero() || reading.Time.Before(all.Time) {
			all.Time = reading.Time
		}
	}
	return all
}
