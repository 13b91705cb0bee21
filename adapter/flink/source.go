package flink

import (
	"errors"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

var (
	errNoPending   = errors.New("a source of the job reports no pendingRecords; a source of the new kind does, from Flink 1.14 and its first record on")
	errNoEventTime = errors.New("no source of the job reports how old its records are (currentEmitEventTimeLag); one whose records have timestamps does, from Flink 1.14 on")
)

// recordsIn is how many records per second a source vertex reads. Flink counts them among its vertex's from version 2 on; before that
// the source itself does, from 1.14 on; before that its positions tell.
func (h *history) recordsIn(w window, i int) Reading {
	vertex := w.epoch.vertices[i].id
	in, out := w.rates(i)
	switch sources := w.last.sources[vertex]; {
	case w.last.vertices[i].in > 0:
		return Reading{Value: in, Time: w.last.at}
	case len(sources) == 0: // of the old kind, which counts what it emits alone
		return Reading{Value: out, Time: w.last.at}
	}
	if counted := h.growth(vertex, func(source rest.Source) *float64 { return source.RecordsIn }); counted.Err == nil {
		return counted
	}
	return h.growth(vertex, distance)
}

// distance is the sum of a source's positions, which grows by what it reads; nil while one is unknown.
func distance(source rest.Source) *float64 {
	if len(source.Unknown) > 0 || len(source.Positions) == 0 {
		return nil
	}
	sum := 0.0
	for _, partitions := range source.Positions {
		for _, next := range partitions {
			sum += float64(next)
		}
	}
	return &sum
}

// growth is how much something of a source vertex grows in a second.
func (h *history) growth(vertex string, of func(rest.Source) *float64) Reading {
	first, last, err := h.span()
	if err != nil {
		return failed(err)
	}
	from, before := sum(first.sources[vertex], of)
	to, after := sum(last.sources[vertex], of)
	if !before || !after || len(first.sources[vertex]) != len(last.sources[vertex]) {
		return failed(errNoLook)
	}
	return Reading{Value: (to - from) / last.sourced.Sub(first.sourced).Seconds(), Time: last.sourced}
}

// span are the oldest and the newest look whose sources are known, at least a refresh of the metrics apart.
func (h *history) span() (first, last look, err error) {
	for _, seen := range h.looks {
		if seen.sources == nil || seen.sourced.IsZero() {
			continue
		}
		if first.sources == nil {
			first = seen
		}
		last = seen
	}
	if first.sources == nil || last.sourced.Sub(first.sourced) < metricRefresh {
		return look{}, look{}, errNoLook
	}
	return first, last, nil
}

// sum adds up something of all operators of a source vertex; it is not known while one lacks it.
func sum(sources []rest.Source, of func(rest.Source) *float64) (total float64, known bool) {
	for _, source := range sources {
		part := of(source)
		if part == nil {
			return 0, false
		}
		total += *part
	}
	return total, len(sources) > 0
}

func pendingOf(source rest.Source) *float64 { return source.Pending }

// pending is what the source vertex's operators say that they have not read.
func (w window) pending(vertex string) Reading {
	records, known := sum(w.last.sources[vertex], pendingOf)
	if !known {
		return failed(errNoPending)
	}
	return Reading{Value: records, Time: w.last.at}
}

// eventLag is the largest of the source vertex's operators, in seconds.
func (w window) eventLag(vertex string) Reading {
	largest := failed(errNoEventTime)
	for _, source := range w.last.sources[vertex] {
		if lag := source.EventTimeLag; lag != nil && (largest.Err != nil || lag.Seconds() > largest.Value) {
			largest = Reading{Value: lag.Seconds(), Time: w.last.at}
		}
	}
	return largest
}
