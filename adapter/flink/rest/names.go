package rest

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
)

// SourceNames are the metrics of a vertex's source operators by their names, ordered by operator. A vertex has none if it is
// no source, or one of the old kind.
//
// A source gets metrics as it goes: pendingRecords with the first record, offsets with each partition that it takes up. List
// anew from time to time, and after ErrNames.
type SourceNames []SourceName

// SourceName are the names of one source operator's metrics. Those that it doesn't have are empty.
type SourceName struct {
	Operator     string // as its metrics write it: "Source__orders"
	Pending      string
	RecordsIn    string // empty in 1.13, where it is there but counts nothing
	EventTimeLag string
	Offsets      []OffsetName // of a KafkaSource: one for each partition, ordered
}

// OffsetName are the names of a partition's offsets.
type OffsetName struct {
	TopicPartition
	Current   string
	Committed string
}

// TopicPartition is a partition. Its topic stands as Flink's metrics write it: a dot is "_", so that two topics may look
// the same.
type TopicPartition struct {
	Topic     string
	Partition int32
}

func (t TopicPartition) compare(other TopicPartition) int {
	return cmp.Or(cmp.Compare(t.Topic, other.Topic), cmp.Compare(t.Partition, other.Partition))
}

// SourceNames lists the metrics of a vertex that has so many subtasks.
func (c *Client) SourceNames(ctx context.Context, to Target, job, vertex string, parallelism int) (SourceNames, error) {
	return get(ctx, c, to, RequestNames, metricsPath(job, vertex), subtasksOf(parallelism), namesAnswer.sources)
}

type namesAnswer []struct {
	Name string `json:"id"`
}

// operator is what is found of an operator.
type operator struct {
	SourceName
	reader  bool // it counts numRecordsInErrors, as every source operator does since 1.14, and no other
	offsets map[TopicPartition]OffsetName
}

func (a namesAnswer) sources() (SourceNames, error) {
	operators := map[string]*operator{}
	for _, metric := range a {
		name, rest, _ := strings.Cut(metric.Name, ".") // names are OPERATOR.METRIC, and of the task METRIC
		if operators[name] == nil {
			operators[name] = &operator{SourceName: SourceName{Operator: name}, offsets: map[TopicPartition]OffsetName{}}
		}
		operators[name].add(rest, metric.Name)
	}
	sources := SourceNames{}
	for _, o := range operators {
		if source, ok := o.source(); ok {
			sources = append(sources, source)
		}
	}
	slices.SortFunc(sources, func(a, b SourceName) int { return cmp.Compare(a.Operator, b.Operator) })
	return sources, nil
}

func (o *operator) add(metric, name string) {
	switch metric {
	case "numRecordsInErrors":
		o.reader = true
	case "pendingRecords":
		o.Pending = name
	case "numRecordsIn":
		o.RecordsIn = name
	case "currentEmitEventTimeLag":
		o.EventTimeLag = name
	default:
		o.addOffset(metric, name)
	}
}

// addOffset takes KafkaSourceReader.topic.TOPIC.partition.PARTITION.METRIC. No part has dots of its own: Flink writes "_"
// for them.
func (o *operator) addOffset(metric, name string) {
	parts := strings.Split(metric, ".")
	if len(parts) != 6 || parts[0] != "KafkaSourceReader" || parts[1] != "topic" || parts[3] != "partition" {
		return
	}
	partition, err := strconv.ParseInt(parts[4], 10, 32)
	if err != nil || partition < 0 || strconv.FormatInt(partition, 10) != parts[4] {
		return
	}
	at := TopicPartition{Topic: parts[2], Partition: int32(partition)}
	offset := o.offsets[at]
	offset.TopicPartition = at
	switch parts[5] {
	case "currentOffset":
		offset.Current = name
	case "committedOffset":
		offset.Committed = name
	default:
		return
	}
	o.offsets[at] = offset
}

// source is the operator's names if it is a source. Metrics of the same names in another operator, or in one of 1.13, are
// something else.
func (o *operator) source() (SourceName, bool) {
	s := o.SourceName
	if !o.reader {
		s = SourceName{Operator: s.Operator}
	}
	for _, offset := range o.offsets {
		if offset.Current != "" && offset.Committed != "" { // they are there together or not at all
			s.Offsets = append(s.Offsets, offset)
		}
	}
	slices.SortFunc(s.Offsets, func(a, b OffsetName) int { return a.compare(b.TopicPartition) })
	return s, o.reader || len(s.Offsets) > 0
}
