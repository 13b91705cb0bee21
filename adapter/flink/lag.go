package flink

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

var (
	errNoKafka       = errors.New("no Kafka cluster is known whose log ends the job's positions could be compared with")
	errNoKafkaSource = errors.New("no source of the job reports positions in Kafka partitions; a KafkaSource does, once it has partitions to read")
	errNoLook        = errors.New("the sources' positions are known a few rounds after they were first asked for")
	errKafkaBehind   = errors.New("the log ends known of Kafka are older than the job's positions")
	errPosition      = errors.New("the job has neither read nor committed anything there since it started")
	errGhost         = errors.New("the job has not read again as far as it had before its last restart")
	errBeyond        = errors.New("the job is past the log's end: it reads another Kafka cluster than the one that is named, or another isolation level than lag.isolationLevel of the cluster, or the topic was created anew")
	errUnlisted      = errors.New("the job reads a partition that Kafka has not been asked about yet; it is within metadataMaxAge of the cluster")
	errPartitions    = errors.New("the job does not read all partitions; it takes up new ones when it looks for them (partition.discovery.interval.ms), and one that is told to read some of them can't be measured so")
)

// KafkaLogs tells from memory where topics of a Kafka cluster ended lately. Topics are named as Flink's metrics name them.
type KafkaLogs func(cluster string, topics []string) snapshot.Sample[kafka.Group]

// logs are those that a job's sources read, by the topic's name in Flink's metrics; or why they are not known.
type logs struct {
	byTopic map[string]kafka.Log
	err     error
}

// logsOf asks for the logs of all topics that a source vertex reads.
func logsOf(operators []rest.Source, cluster string, ask KafkaLogs) logs {
	topics := topicsRead(operators)
	switch {
	case len(topics) == 0:
		return logs{err: errNoKafkaSource}
	case cluster == "":
		return logs{err: errNoKafka}
	}
	sample := ask(cluster, topics)
	if sample.Err != nil {
		return logs{err: fmt.Errorf("Kafka cluster %q: %w", cluster, sample.Err)}
	}
	for _, topic := range topics {
		log := sample.Value.Logs[topic]
		switch {
		case errors.Is(log.Err, kafka.ErrNotFound):
			return logs{err: fmt.Errorf("topic %q in Kafka cluster %q: %w; if the job reads another cluster, configure that one too and name it in the selector (label kafka-cluster)",
				topic, cluster, log.Err)}
		case log.Err != nil:
			return logs{err: fmt.Errorf("topic %q in Kafka cluster %q: %w", topic, cluster, log.Err)}
		}
	}
	return logs{byTopic: sample.Value.Logs}
}

// topicsRead are those that a source vertex has positions in, or should have.
func topicsRead(operators []rest.Source) []string {
	var topics []string
	for _, source := range operators {
		for topic := range source.Positions {
			topics = append(topics, topic)
		}
		for _, unknown := range source.Unknown {
			topics = append(topics, unknown.Topic)
		}
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

// seen says between which times all of the logs were watched.
func (l logs) seen() (first, last time.Time) {
	for _, log := range l.byTopic {
		from, to := log.Seen()
		if first.IsZero() || from.After(first) {
			first = from
		}
		if last.IsZero() || to.Before(last) {
			last = to
		}
	}
	return first, last
}

// apart is how much older than its answer what Kafka says of a log's end may be.
const apart = time.Second

// kafkaLook is the newest look with positions of that source in all of the logs, which were watched before and after.
func (h *history) kafkaLook(vertex string, l logs) (look, error) {
	first, last := l.seen()
	topics := slices.Sorted(maps.Keys(l.byTopic))
	reason := errNoLook
	for _, seen := range slices.Backward(h.looks) {
		switch {
		case seen.sourced.IsZero() || !slices.Equal(topicsRead(seen.sources[vertex]), topics):
		case seen.read.Add(apart).After(last): // somebody else may have had them fetched since sourced
			reason = errKafkaBehind
		case seen.sourced.Before(first):
			return look{}, errNoLook
		default:
			return seen, nil
		}
	}
	return look{}, reason
}

// behind is how many records lie between the source's positions and the log ends at the time of the look: all of them, or
// an error that names the partition: the same one in each round.
func (h *history) behind(seen look, vertex string, l logs) (records float64, partitions int, err error) {
	read := map[rest.TopicPartition]bool{}
	for i, source := range seen.sources[vertex] {
		for _, at := range source.Unknown {
			read[at] = true
			log := l.byTopic[at.Topic]
			if int(at.Partition) >= log.Partitions() {
				return 0, 0, inPartition(at, errUnlisted)
			}
			start, known := log.Start(int(at.Partition))
			if end := log.EndAt(int(at.Partition), seen.sourced); !known || start != end {
				return 0, 0, inPartition(at, errPosition)
			}
		}
		for _, topic := range slices.Sorted(maps.Keys(source.Positions)) {
			log, offsets := l.byTopic[topic], source.Positions[topic]
			for _, partition := range slices.Sorted(maps.Keys(offsets)) {
				next := offsets[partition]
				at := rest.TopicPartition{Topic: topic, Partition: partition}
				read[at] = true
				switch {
				case int(partition) >= log.Partitions():
					return 0, 0, inPartition(at, errUnlisted)
				case next > newestEnd(log, int(partition)):
					return 0, 0, inPartition(at, errBeyond)
				}
				unread := max(log.EndAt(int(partition), seen.sourced)-next, 0)
				if unread > 0 && source.Ghosts[at] && next <= h.reachedBefore(vertex, i, at) {
					return 0, 0, inPartition(at, errGhost)
				}
				records += float64(unread)
			}
		}
	}
	for _, topic := range topicsRead(seen.sources[vertex]) {
		partitions += l.byTopic[topic].Partitions()
	}
	if len(read) < partitions {
		return 0, 0, errPartitions
	}
	return records, partitions, nil
}

func newestEnd(log kafka.Log, partition int) int64 {
	_, last := log.Seen()
	return log.EndAt(partition, last)
}

// reachedBefore is the position that the epoch's first look found.
func (h *history) reachedBefore(vertex string, operator int, at rest.TopicPartition) int64 {
	if sources := h.reached[vertex]; operator < len(sources) {
		if next, ok := sources[operator].Positions[at.Topic][at.Partition]; ok {
			return next
		}
	}
	return -1
}

func inPartition(at rest.TopicPartition, err error) error {
	return fmt.Errorf("topic %q, partition %d: %w", at.Topic, at.Partition, err)
}

// written is how many records per second were written to the logs that a source reads, in so long a time up to then.
func (l logs) written(sources []rest.Source, upTo time.Time, length time.Duration) (perSecond float64, err error) {
	first, _ := l.seen()
	from := upTo.Add(-length)
	if from.Before(first) {
		return 0, errNoLook
	}
	records := int64(0)
	for _, topic := range topicsRead(sources) {
		log := l.byTopic[topic]
		for partition := range log.Partitions() {
			records += log.EndAt(partition, upTo) - log.EndAt(partition, from)
		}
	}
	return float64(records) / length.Seconds(), nil
}

// A load rises when more is written in each of the last four parts of this length than in the one before. A step shows in two of
// them at most.
const (
	riseParts = 4
	risePart  = 10 * time.Second
)

// rise is by how much what is written for a source has been growing each second, at least; 0 where it has not, or wasn't watched for so long.
func (l logs) rise(sources []rest.Source) float64 {
	_, last := l.seen()
	before, least := 0.0, math.Inf(1)
	for i := range riseParts {
		rate, err := l.written(sources, last.Add(-time.Duration(riseParts-1-i)*risePart), risePart)
		if err != nil {
			return 0
		}
		if i > 0 {
			least = min(least, (rate-before)/risePart.Seconds())
		}
		before = rate
	}
	return max(least, 0)
}
