package rest

import (
	"context"
	"fmt"
	"maps"
	"math"
	"time"
)

// maxEventTimeLag is the largest lag that is believed. Records whose timestamps are no times, such as counters from 0, make
// larger ones.
const maxEventTimeLag = 10 * 365 * 24 * time.Hour

// Source is how far one source operator is.
type Source struct {
	Operator string // as its metrics write it
	// Positions is the next offset to read, by topic and partition.
	Positions map[string]map[int32]int64
	// Unknown are the partitions without a position: nothing was read from them, nor committed, since the job started.
	Unknown []TopicPartition
	// Ghosts are the partitions for which subtasks report different offsets. A rescale leaves a former owner's behind; the
	// position is the largest of them, and right once the owner has read past that.
	Ghosts map[TopicPartition]bool
	// Pending is Flink's own count of records that it has not fetched, low in a backlog; nil: it has none.
	Pending *float64
	// RecordsIn is how many records were read since the subtasks started; nil: it is not counted. As a vertex's numbers it is
	// whole only while the vertex is Complete.
	RecordsIn *float64
	// EventTimeLag is how old the newest record was by its own timestamp when it was emitted, in the subtask where that is
	// largest; nil: no record was read yet, or timestamps are no times.
	EventTimeLag *time.Duration
}

// Sources reads the named metrics of a vertex that has so many subtasks: one Source for each name, in order. The error wraps
// ErrNames when a metric is gone.
func (c *Client) Sources(ctx context.Context, to Target, job, vertex string, parallelism int, names SourceNames) ([]Source, error) {
	values, err := c.values(ctx, to, job, vertex, parallelism, names.current())
	if err != nil {
		return nil, err
	}
	committed, err := c.values(ctx, to, job, vertex, parallelism, names.committed(values))
	if err != nil {
		return nil, err
	}
	sources := make([]Source, len(names))
	for i, name := range names {
		sources[i] = name.source(values, committed)
	}
	return sources, nil
}

// current are the names to ask for at first: all but those of the committed offsets.
func (n SourceNames) current() []string {
	var names []string
	for _, source := range n {
		for _, name := range []string{source.Pending, source.RecordsIn, source.EventTimeLag} {
			if name != "" {
				names = append(names, name)
			}
		}
		for _, offset := range source.Offsets {
			names = append(names, offset.Current)
		}
	}
	return names
}

// committed are the names of the committed offsets of the partitions from which nothing was read.
func (n SourceNames) committed(values map[string]span) []string {
	var names []string
	for _, source := range n {
		for _, offset := range source.Offsets {
			if values[offset.Current].max < 0 {
				names = append(names, offset.Committed)
			}
		}
	}
	return names
}

// span is a metric's values in several subtasks.
type span struct{ min, max, sum float64 }

// values reads metrics by name, in as many GETs as their names need.
func (c *Client) values(ctx context.Context, to Target, job, vertex string, parallelism int, names []string) (map[string]span, error) {
	values := make(map[string]span, len(names))
	for _, piece := range chunks(names) {
		query := metricsQuery(piece, "min,max,sum", subtasksOf(parallelism))
		read, err := get(ctx, c, to, RequestSource, metricsPath(job, vertex), query, func(a aggregates) (map[string]span, error) {
			return a.spans(piece)
		})
		if err != nil {
			return nil, err
		}
		maps.Copy(values, read)
	}
	return values, nil
}

// spans are the values of all the names. The error is ErrNames when one is missing; Flink then leaves out all.
func (a aggregates) spans(names []string) (map[string]span, error) {
	if len(a) == 0 {
		return nil, ErrNames
	}
	spans := make(map[string]span, len(a))
	for _, metric := range a {
		if metric.Min.finite() && metric.Max.finite() && metric.Sum.finite() {
			spans[metric.Name] = span{float64(*metric.Min), float64(*metric.Max), float64(*metric.Sum)}
		}
	}
	for _, name := range names {
		if _, ok := spans[name]; !ok {
			return nil, fmt.Errorf("metric %s is not a number", name)
		}
	}
	return spans, nil
}

// source puts the values together. currentOffset is that of the newest record read and committedOffset the next to read; both
// are -1 before the first.
func (n SourceName) source(values, committed map[string]span) Source {
	s := Source{Operator: n.Operator, Positions: map[string]map[int32]int64{}, Ghosts: map[TopicPartition]bool{}}
	for _, offset := range n.Offsets {
		position, next := values[offset.Current], int64(1)
		if position.max < 0 {
			position, next = committed[offset.Committed], 0
		}
		if position.max < 0 {
			s.Unknown = append(s.Unknown, offset.TopicPartition)
			continue
		}
		if s.Positions[offset.Topic] == nil {
			s.Positions[offset.Topic] = map[int32]int64{}
		}
		s.Positions[offset.Topic][offset.Partition] = int64(position.max) + next
		if position.min != position.max {
			s.Ghosts[offset.TopicPartition] = true
		}
	}
	if value, ok := values[n.Pending]; ok {
		s.Pending = new(value.sum)
	}
	if value, ok := values[n.RecordsIn]; ok {
		s.RecordsIn = new(value.sum)
	}
	if value, ok := values[n.EventTimeLag]; ok && value.max >= 0 && value.max <= float64(maxEventTimeLag.Milliseconds()) {
		s.EventTimeLag = new(time.Duration(math.Round(value.max)) * time.Millisecond)
	}
	return s
}
