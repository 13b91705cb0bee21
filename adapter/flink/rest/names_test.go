package rest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func offsetName(operator, topic string, partition int32) OffsetName {
	base := fmt.Sprintf("%s.KafkaSourceReader.topic.%s.partition.%d.", operator, topic, partition)
	return OffsetName{TopicPartition{topic, partition}, base + "currentOffset", base + "committedOffset"}
}

func TestRecordedSourceNames(t *testing.T) {
	want := func(topic string) SourceNames {
		names := SourceName{Operator: "Source__input", Pending: "Source__input.pendingRecords", RecordsIn: "Source__input.numRecordsIn",
			EventTimeLag: "Source__input.currentEmitEventTimeLag"}
		for partition := range int32(12) {
			names.Offsets = append(names.Offsets, offsetName("Source__input", topic, partition))
		}
		return SourceNames{names}
	}
	old := want("t2")
	old[0].Pending, old[0].RecordsIn, old[0].EventTimeLag = "", "", ""
	for folder, want := range map[string]SourceNames{flink1_13: old, flink1_17: want("t2"), flink1_20: want("t2"), overloaded: want("input")} {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers[metricsPath(jobID, vertexID)] = recorded(t, folder, "names")
			got, err := New(Options{}).SourceNames(t.Context(), j.target(), jobID, vertexID, 2)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSourceNames(t *testing.T) {
	orders := offsetName("Source__a", "orders", 0)
	tests := []struct {
		name  string
		names []string
		want  SourceNames
	}{
		{"a vertex that is no source has none", []string{"numRecordsIn", "work.numRecordsIn", "Sink__x.numRecordsSendErrors"}, SourceNames{}},
		{"metrics of those names in another operator are the user's", []string{"work.pendingRecords", "work.currentEmitEventTimeLag"}, SourceNames{}},
		{"and so are those in a group", []string{"S.numRecordsInErrors", "S.mine.pendingRecords", "S.numRecordsIn.rate"}, SourceNames{{Operator: "S"}}},
		{"a source without partitions yet", []string{"S.numRecordsInErrors", "S.numRecordsIn"}, SourceNames{{Operator: "S", RecordsIn: "S.numRecordsIn"}}},
		{"several sources in one vertex", []string{"b.numRecordsInErrors", "b.pendingRecords", "a.numRecordsInErrors", "a.numRecordsIn"},
			SourceNames{{Operator: "a", RecordsIn: "a.numRecordsIn"}, {Operator: "b", Pending: "b.pendingRecords"}}},
		{"in 1.13 only the offsets count", []string{"Source__a.numRecordsIn", orders.Current, orders.Committed},
			SourceNames{{Operator: "Source__a", Offsets: []OffsetName{orders}}}},
		{"names made of the words of the format", []string{
			"topic.KafkaSourceReader.topic.partition.partition.7.currentOffset", "topic.KafkaSourceReader.topic.partition.partition.7.committedOffset",
			"KafkaSourceReader.KafkaSourceReader.topic.topic.partition.7.currentOffset", "KafkaSourceReader.KafkaSourceReader.topic.topic.partition.7.committedOffset",
		}, SourceNames{
			{Operator: "KafkaSourceReader", Offsets: []OffsetName{offsetName("KafkaSourceReader", "topic", 7)}},
			{Operator: "topic", Offsets: []OffsetName{offsetName("topic", "partition", 7)}},
		}},
		{"the reader of several Kafka clusters tells no offsets that could be told apart", []string{
			"S.DynamicKafkaSource.kafkaCluster.one.KafkaSourceReader.topic.orders.partition.0.currentOffset",
			"S.DynamicKafkaSource.kafkaCluster.one.KafkaSourceReader.topic.orders.partition.0.committedOffset",
		}, SourceNames{}},
		{"a partition of which the listing has only one half is left out", []string{"S.numRecordsInErrors", "S.KafkaSourceReader.topic.orders.partition.0.currentOffset"},
			SourceNames{{Operator: "S"}}},
		{"partitions that are none", []string{
			"S.KafkaSourceReader.topic.orders.partition.x.currentOffset", "S.KafkaSourceReader.topic.orders.partition.-1.currentOffset",
			"S.KafkaSourceReader.topic.orders.partition.4294967296.currentOffset", "S.KafkaSourceReader.topic.orders.partition.0.otherOffset",
		}, SourceNames{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := newJobManager(t)
			j.subtasks = []metrics{{}, {}}
			for i, name := range test.names {
				j.subtasks[i%2][name] = "0" // listed is what any subtask has
			}
			got, err := New(Options{}).SourceNames(t.Context(), j.target(), jobID, vertexID, 2)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("subtasks of before a rescale are not listed", func(t *testing.T) {
		j := newJobManager(t)
		j.subtasks = []metrics{{"S.numRecordsInErrors": "0"}, {"S.pendingRecords": "3"}}
		got, err := New(Options{}).SourceNames(t.Context(), j.target(), jobID, vertexID, 1)
		if err != nil || len(got) != 1 || got[0].Pending != "" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func FuzzSourceNames(f *testing.F) {
	for _, folder := range []string{flink1_13, overloaded} {
		f.Add(recorded(f, folder, "names"))
	}
	f.Add(`[{"id":"S.KafkaSourceReader.topic..partition.0.currentOffset"},{"id":"S.KafkaSourceReader.topic..partition.0.committedOffset"}]`)
	f.Add(`[{"id":"S.KafkaSourceReader.topic.t.partition.007.currentOffset"},{"id":"S.KafkaSourceReader.topic.t.partition.+7.committedOffset"}]`)
	f.Fuzz(func(t *testing.T, data string) {
		var answer namesAnswer
		if json.Unmarshal([]byte(data), &answer) != nil {
			return
		}
		names, err := answer.sources()
		if err != nil {
			t.Fatal(err)
		}
		listed := map[string]bool{"": true}
		for _, metric := range answer {
			listed[metric.Name] = true
		}
		for _, source := range names {
			for _, name := range []string{source.Pending, source.RecordsIn, source.EventTimeLag} {
				if !listed[name] {
					t.Errorf("%q was not listed", name)
				}
			}
			for _, offset := range source.Offsets {
				if want := offsetName(source.Operator, offset.Topic, offset.Partition); offset != want {
					t.Errorf("got %+v, want %+v", offset, want)
				}
			}
		}
	})
}
