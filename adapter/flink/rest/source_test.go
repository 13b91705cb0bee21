package rest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at sets a partition's offsets in a subtask's metrics.
func (m metrics) at(topic string, partition int32, current, committed int64) metrics {
	name := offsetName("S", topic, partition)
	m[name.Current], m[name.Committed] = fmt.Sprint(current), fmt.Sprint(committed)
	return m
}

func with(more metrics) metrics {
	m := metrics{"S.numRecordsInErrors": "0"}
	maps.Copy(m, more)
	return m
}

func TestSources(t *testing.T) {
	none := map[string]map[int32]int64{}
	noGhosts := map[TopicPartition]bool{}
	tests := []struct {
		name     string
		subtasks []metrics
		want     []Source
		gets     int // of values
	}{
		{"a vertex without sources costs nothing", []metrics{{"work.numRecordsIn": "3"}}, []Source{}, 0},
		{"the position is the one after the newest record read", []metrics{with(nil).at("orders", 0, 41, 30), with(nil).at("orders", 1, 7, 9)},
			[]Source{{Operator: "S", Positions: map[string]map[int32]int64{"orders": {0: 42, 1: 8}}, Ghosts: noGhosts}}, 1},
		{"where none was read it is the committed one", []metrics{with(nil).at("orders", 0, -1, 30).at("clicks", 0, -1, 0)},
			[]Source{{Operator: "S", Positions: map[string]map[int32]int64{"orders": {0: 30}, "clicks": {0: 0}}, Ghosts: noGhosts}}, 2},
		{"where none was read nor committed it is unknown", []metrics{with(nil).at("orders", 0, -1, -1).at("orders", 1, 3, -1)},
			[]Source{{Operator: "S", Positions: map[string]map[int32]int64{"orders": {1: 4}}, Unknown: []TopicPartition{{"orders", 0}}, Ghosts: noGhosts}}, 2},
		{"a former owner's offset is a ghost", []metrics{with(nil).at("orders", 0, 41, 30), with(nil).at("orders", 0, 50, 49)},
			[]Source{{Operator: "S", Positions: map[string]map[int32]int64{"orders": {0: 51}}, Ghosts: map[TopicPartition]bool{{"orders", 0}: true}}}, 1},
		{"so it is when the owner has read nothing", []metrics{with(nil).at("orders", 0, 41, 30), with(nil).at("orders", 0, -1, -1)},
			[]Source{{Operator: "S", Positions: map[string]map[int32]int64{"orders": {0: 42}}, Ghosts: map[TopicPartition]bool{{"orders", 0}: true}}}, 1},
		{"and a former owner's committed offset", []metrics{with(nil).at("orders", 0, -1, 30), with(nil).at("orders", 0, -1, -1)},
			[]Source{{Operator: "S", Positions: map[string]map[int32]int64{"orders": {0: 30}}, Ghosts: map[TopicPartition]bool{{"orders", 0}: true}}}, 2},
		{"subtasks of before a rescale don't count", []metrics{with(nil).at("orders", 0, 41, 30), with(nil), with(nil).at("orders", 0, 50, 49)},
			[]Source{{Operator: "S", Positions: map[string]map[int32]int64{"orders": {0: 42}}, Ghosts: noGhosts}}, 1},
		{"an offset as large as Kafka has them", []metrics{with(nil).at("orders", 0, 1<<50, 30)},
			[]Source{{Operator: "S", Positions: map[string]map[int32]int64{"orders": {0: 1<<50 + 1}}, Ghosts: noGhosts}}, 1},
		{"counts are sums and the event time lag the worst",
			[]metrics{with(metrics{"S.pendingRecords": "5", "S.numRecordsIn": "100", "S.currentEmitEventTimeLag": "1500"}),
				with(metrics{"S.pendingRecords": "7", "S.numRecordsIn": "200", "S.currentEmitEventTimeLag": "-1"})},
			[]Source{{Operator: "S", Positions: none, Ghosts: noGhosts, Pending: new(12.0), RecordsIn: new(300.0), EventTimeLag: new(1500 * time.Millisecond)}}, 1},
		{"an event time lag of nothing read is none", []metrics{with(metrics{"S.currentEmitEventTimeLag": "-1"})}, []Source{{Operator: "S", Positions: none, Ghosts: noGhosts}}, 1},
		{"and one of 56 years is none", []metrics{with(metrics{"S.currentEmitEventTimeLag": "1795226860100"})}, []Source{{Operator: "S", Positions: none, Ghosts: noGhosts}}, 1},
		{"several sources are told apart", []metrics{{"a.numRecordsInErrors": "0", "a.numRecordsIn": "1", "b.numRecordsInErrors": "0", "b.numRecordsIn": "2"}},
			[]Source{{Operator: "a", Positions: none, Ghosts: noGhosts, RecordsIn: new(1.0)}, {Operator: "b", Positions: none, Ghosts: noGhosts, RecordsIn: new(2.0)}}, 1},
		{"names with the query's own characters", []metrics{{"a&b=c%+#?.numRecordsInErrors": "0", "a&b=c%+#?.numRecordsIn": "1"}},
			[]Source{{Operator: "a&b=c%+#?", Positions: none, Ghosts: noGhosts, RecordsIn: new(1.0)}}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := newJobManager(t)
			j.subtasks = test.subtasks
			client, parallelism := New(Options{}), min(len(test.subtasks), 2)
			names, err := client.SourceNames(t.Context(), j.target(), jobID, vertexID, parallelism)
			if err != nil {
				t.Fatal(err)
			}
			got, err := client.Sources(t.Context(), j.target(), jobID, vertexID, parallelism, names)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if len(j.asked)-1 != test.gets {
				t.Errorf("%d GETs, want %d: %q", len(j.asked)-1, test.gets, j.asked)
			}
		})
	}
}

func TestManyPartitionsTakeSeveralGETs(t *testing.T) {
	j := newJobManager(t)
	j.subtasks = []metrics{with(nil)}
	topic := strings.Repeat("a-topic-with-a-long-name_", 9)
	for partition := range int32(200) {
		j.subtasks[0].at(topic, partition, int64(partition), 0)
	}
	client := New(Options{})
	names, err := client.SourceNames(t.Context(), j.target(), jobID, vertexID, 1)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := client.Sources(t.Context(), j.target(), jobID, vertexID, 1, names)
	if err != nil {
		t.Fatal(err)
	}
	if got := sources[0].Positions[topic]; len(got) != 200 || got[199] != 200 {
		t.Errorf("got %d positions, the last %d", len(got), got[199])
	}
	if longest := slices.MaxFunc(j.asked, func(a, b string) int { return len(a) - len(b) }); len(longest) > 4096-len("GET  HTTP/1.1") {
		t.Errorf("a request line of %d bytes", len(longest))
	}
}

func TestAMetricThatIsGone(t *testing.T) {
	j := newJobManager(t)
	j.subtasks = []metrics{with(metrics{"S.pendingRecords": "1"}).at("orders", 0, 5, 5)}
	client := New(Options{})
	names, err := client.SourceNames(t.Context(), j.target(), jobID, vertexID, 1)
	if err != nil {
		t.Fatal(err)
	}
	delete(j.subtasks[0], "S.pendingRecords")
	want := "GET " + metricsPath(jobID, vertexID) + ": " + ErrNames.Error()
	if _, err := client.Sources(t.Context(), j.target(), jobID, vertexID, 1, names); !errors.Is(err, ErrNames) || err.Error() != want {
		t.Errorf("got %v, want %v", err, want)
	}
	j.subtasks[0]["S.pendingRecords"] = "NaN"
	if _, err := client.Sources(t.Context(), j.target(), jobID, vertexID, 1, names); err == nil || errors.Is(err, ErrNames) {
		t.Errorf("got %v for NaN", err)
	}
}
