package fleet

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Where the names of metrics are recorded.
const (
	namesOfSource       = "names_source.json"
	namesOfWork         = "names_work.json"
	namesOfTaskManagers = "names_taskmanagers.json"
)

// anyTopic stands for the job's topic in the names that are known.
const anyTopic = "{}"

// values are what the subtasks, or the TaskManagers, say for a name. One that nobody asks for is 0.
type values func(s state, name string) []float64

func sourceValues(s state, name string) []float64 {
	switch {
	case strings.HasSuffix(name, ".currentOffset"):
		return []float64{float64(s.end - behind - 1)} // the last record read; of the one subtask that reads the partition
	case strings.HasSuffix(name, ".committedOffset"):
		return []float64{float64(s.end - behind - (s.Now-s.Checkpoint)*perPartition/1000)}
	case strings.HasSuffix(name, ".pendingRecords"):
		return perSubtask(behind * Partitions / subtasks)
	case strings.HasSuffix(name, ".currentEmitEventTimeLag"):
		return perSubtask(behind * 1000 / perPartition)
	case strings.HasSuffix(name, ".numRecordsIn"):
		return perSubtask(float64(s.One.Source.In))
	}
	return perSubtask(0)
}

func workValues(state, string) []float64 { return perSubtask(0) }

func taskManagerValues(_ state, name string) []float64 {
	switch name {
	case "Status.JVM.Memory.Heap.Used":
		return perSubtask(64 << 20)
	case "Status.JVM.Memory.Heap.Max":
		return perSubtask(256 << 20)
	case "Status.JVM.CPU.Load":
		return perSubtask(0.25)
	case "Status.JVM.GarbageCollector.All.TimeMsPerSecond":
		return perSubtask(10)
	}
	return perSubtask(0)
}

// perSubtask is the same value for each subtask. Each has a TaskManager of its own.
func perSubtask(value float64) []float64 { return slices.Repeat([]float64{value}, subtasks) }

// aggregate is an element of an answer about metrics.
type aggregate struct {
	ID  string   `json:"id"`
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
	Avg *float64 `json:"avg,omitempty"`
	Sum *float64 `json:"sum,omitempty"`
}

// metrics lists the names, or aggregates the values of those asked for: of none when any one isn't there, as Flink does.
func (a *answers) metrics(names string, of values) answer {
	return func(s state, r *http.Request) ([]byte, error) {
		get := asked(r, "get")
		if get == nil {
			return a.render(names, s)
		}
		all := []aggregate{}
		for _, name := range get {
			if !a.known[names][strings.Replace(name, ".topic."+s.Topic+".", ".topic."+anyTopic+".", 1)] {
				return encode([]aggregate{})
			}
			all = append(all, aggregated(name, of(s, name), asked(r, "agg")))
		}
		return encode(all)
	}
}

// value is an element of an answer about the metrics of one TaskManager.
type value struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// metricsOfOne are those asked for, without any that isn't there.
func (a *answers) metricsOfOne(names string, of values) answer {
	return func(s state, r *http.Request) ([]byte, error) {
		all := []value{}
		for _, name := range asked(r, "get") {
			if a.known[names][name] {
				all = append(all, value{name, strconv.FormatFloat(of(s, name)[0], 'f', -1, 64)})
			}
		}
		return encode(all)
	}
}

func aggregated(name string, values []float64, kinds []string) aggregate {
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	a := aggregate{ID: name}
	for kind, to := range map[string]struct {
		field **float64
		value float64
	}{
		"min": {&a.Min, slices.Min(values)}, "max": {&a.Max, slices.Max(values)}, "sum": {&a.Sum, sum}, "avg": {&a.Avg, sum / float64(len(values))},
	} {
		if len(kinds) == 0 || slices.Contains(kinds, kind) {
			*to.field = &to.value
		}
	}
	return a
}
