package flink

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

func (s *stub) jvms(r *http.Request) any {
	s.seconds()
	count := s.taskManagers
	if s.metered > 0 {
		count = s.metered
	}
	values := map[string]span{}
	for name, value := range map[string]float64{
		"Status.JVM.Memory.Heap.Used": 64, "Status.JVM.Memory.Heap.Max": 256, "Status.JVM.CPU.Load": 0.25, "Status.JVM.GarbageCollector.All.TimeMsPerSecond": 10,
	} {
		values[name] = span{value, value, float64(count) * value}
	}
	return aggregated(values, r)
}

// span is a metric's values over several subtasks.
type span struct{ least, most, sum float64 }

func (s *stub) metrics(v *stubVertex, r *http.Request) any {
	values := map[string]span{}
	seconds := s.seconds()
	if g := v.gauges; g != nil {
		for name, sum := range map[string]float64{"busyTimeMsPerSecond": g.Busy, "idleTimeMsPerSecond": g.Idle, "backPressuredTimeMsPerSecond": g.Backpressured} {
			values[name] = span{sum: sum}
		}
	}
	if v.sources != nil {
		for _, source := range v.sources(seconds) {
			describe(source, values)
		}
	}
	return aggregated(values, r)
}

// describe is a source as its metrics tell it.
func describe(source rest.Source, values map[string]span) {
	one := func(name string, value float64) { values[source.Operator+"."+name] = span{value, value, value} }
	one("numRecordsInErrors", 0)
	if source.Pending != nil {
		one("pendingRecords", *source.Pending)
	}
	if source.RecordsIn != nil {
		one("numRecordsIn", *source.RecordsIn)
	}
	if source.EventTimeLag != nil {
		one("currentEmitEventTimeLag", float64(source.EventTimeLag.Milliseconds()))
	}
	offsets := func(at rest.TopicPartition, current, committed float64) {
		name := fmt.Sprintf("KafkaSourceReader.topic.%s.partition.%d.", at.Topic, at.Partition)
		one(name+"currentOffset", current)
		one(name+"committedOffset", committed)
	}
	for _, at := range source.Unknown {
		offsets(at, -1, -1)
	}
	for topic, partitions := range source.Positions {
		for partition, next := range partitions {
			offsets(rest.TopicPartition{Topic: topic, Partition: partition}, float64(next-1), float64(next))
		}
	}
}

// aggregated lists the names, or tells those asked for: nothing when one of them is not there.
func aggregated(values map[string]span, r *http.Request) any {
	all := []map[string]any{}
	get := r.URL.Query().Get("get")
	if get == "" {
		for name := range values {
			all = append(all, map[string]any{"id": name})
		}
		return all
	}
	for name := range strings.SplitSeq(get, ",") {
		v, ok := values[name]
		if !ok {
			return []any{}
		}
		one := map[string]any{"id": name, "min": v.least, "max": v.most, "sum": v.sum, "avg": v.most}
		for _, kind := range []string{"min", "max", "sum", "avg"} {
			if !slices.Contains(strings.Split(r.URL.Query().Get("agg"), ","), kind) {
				delete(one, kind)
			}
		}
		all = append(all, one)
	}
	return all
}
