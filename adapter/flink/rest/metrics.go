package rest

import (
	"fmt"
	"net/url"
	"strings"
)

// maxQuery is the longest query that is sent. Flink answers 404 to a request line of more than 4096 bytes, Netty's default
// (measured on 2.3); the method, the path with two ids and the version take less than 200.
const maxQuery = 3800

// aggregate is one metric of several subtasks or TaskManagers together. What was not asked for is nil.
type aggregate struct {
	Name               string `json:"id"`
	Min, Max, Avg, Sum *number
}

// aggregates is GET .../subtasks/metrics?get=... and GET /taskmanagers/metrics?get=...: empty when none of the subtasks,
// or TaskManagers, has one of the names. A subtask that lacks one is left out of it.
type aggregates []aggregate

// byName is empty for a metric that isn't there.
func (a aggregates) byName(name string) aggregate {
	for _, metric := range a {
		if metric.Name == name {
			return metric
		}
	}
	return aggregate{}
}

func metricsPath(job, vertex string) string { return vertexPath(job, vertex) + "/subtasks/metrics" }

// subtasksOf leaves out subtasks of before a rescale, whose metrics Flink 1.15 and older keep.
func subtasksOf(parallelism int) string { return fmt.Sprintf("subtasks=0-%d", parallelism-1) }

// metricsQuery asks for the names' aggregations ("min,max"), with more of the query put after.
func metricsQuery(names []string, aggregations string, more ...string) string {
	escaped := make([]string, len(names))
	for i, name := range names {
		escaped[i] = url.QueryEscape(name)
	}
	return strings.Join(append([]string{"get=" + strings.Join(escaped, ","), "agg=" + aggregations}, more...), "&")
}

// chunks cuts the names into as few pieces as fit into a query each.
func chunks(names []string) [][]string {
	const empty = len("get=&agg=min,max,sum&subtasks=0-2147483647")
	var (
		pieces [][]string
		start  int
		length = empty
	)
	for i, name := range names {
		more := len(url.QueryEscape(name)) + len(",")
		if i > start && length+more > maxQuery {
			pieces = append(pieces, names[start:i])
			start, length = i, empty
		}
		length += more
	}
	if start < len(names) {
		pieces = append(pieces, names[start:])
	}
	return pieces
}
