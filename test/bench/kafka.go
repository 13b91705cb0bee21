package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
)

// atOnce is how many groups the baseline polls in one process: seven connections each, and as many files here, are as
// much as a machine gives without being asked.
const atOnce = 1000

// Kafka measures polls of consumer groups: the adapter's client beside a client per group. It prints a table while it
// goes.
func Kafka(ctx context.Context, out io.Writer) ([]Result, error) {
	c, err := startCluster()
	if err != nil {
		return nil, err
	}
	defer c.close()
	fmt.Fprintf(out, kafkaHeader, brokers, topics, partitions, runtime.NumCPU(), perGroup, inFlight, atOnce, coldPolls, warmPolls)
	fmt.Fprint(out, tableHead)
	var results []Result
	for _, groups := range []int{10, 100, 1000, 10000} {
		if err := c.addGroups(ctx, groups); err != nil {
			return nil, err
		}
		one, err := c.measureApart(ctx, ours, groups, groups)
		if err != nil {
			return nil, err
		}
		fmt.Fprint(out, tableRow(groups, ours, one))
		aged, err := c.measureApart(ctx, withAges, groups, groups)
		if err != nil {
			return nil, err
		}
		fmt.Fprint(out, tableRow(groups, withAges, aged))
		many, err := c.measureApart(ctx, perGroup, groups, atOnce)
		if err != nil {
			return nil, err
		}
		fmt.Fprint(out, tableRow(groups, perGroup, many))
		results = append(results, kafkaResults(groups, one, many)...)
	}
	return results, nil
}

const kafkaHeader = `
Polls of consumer groups: %d in-process brokers, %d topics of %d partitions, one of them read by each group; %d cores for all.
Baseline %q, the way of KEDA's Kafka scaler: %d groups at a time, at most %d clients in a process; beyond
that the processes run one after the other, their requests, connections and times are added up, and memory isn't known.
Each number is the median of up to %d cold and %d warm polls, fewer where they take long, with every group's lag right.
A cold poll is a client's first. What clients do only now and then is in no warm poll: Metadata and log start offsets,
of the adapter's client once a minute; Metadata of the others every 10 minutes. Handshakes are the ApiVersions of new
connections, no part of the requests. Memory is what a client's process grows by, at its peak.

`

const (
	tableHead = "                                requests     handshakes    connections          time, ms     memory\n" +
		" groups  client               cold    warm    cold   warm    cold   warm      cold      warm        MiB\n"
	tableLine = "%7d  %-16s %8d%8d%8d%7d%8d%7d%10.1f%10.1f%11s\n"
)

func tableRow(groups int, client string, m measurement) string {
	memory := "-"
	if m.memory != nil {
		memory = fmt.Sprintf("%.0f", *m.memory)
	}
	return fmt.Sprintf(tableLine, groups, client, m.cold.requests, m.warm.requests, m.cold.handshakes, m.warm.handshakes,
		m.cold.connections, m.warm.connections, m.cold.ms, m.warm.ms, memory)
}

func kafkaResults(groups int, one, many measurement) []Result {
	var results []Result
	add := func(name, unit string, number func(measurement) *float64) {
		if value := number(one); value != nil {
			r := Result{Name: name, Case: fmt.Sprintf("groups=%d", groups), Unit: unit, Value: *value, Baseline: number(many)}
			if r.Baseline != nil {
				r.BaselineName = perGroup
			}
			results = append(results, r)
		}
	}
	count := func(n int) *float64 { return new(float64(n)) }
	add("kafka_poll_requests_warm", "requests", func(m measurement) *float64 { return count(m.warm.requests) })
	add("kafka_poll_requests_cold", "requests", func(m measurement) *float64 { return count(m.cold.requests) })
	add("kafka_poll_handshakes_cold", "requests", func(m measurement) *float64 { return count(m.cold.handshakes) })
	add("kafka_poll_connections", "connections", func(m measurement) *float64 { return count(m.cold.connections) })
	add("kafka_poll_ms_warm", "ms", func(m measurement) *float64 { return &m.warm.ms })
	add("kafka_poll_ms_cold", "ms", func(m measurement) *float64 { return &m.cold.ms })
	add("kafka_poll_rss_mib", "MiB", func(m measurement) *float64 { return m.memory })
	return results
}
