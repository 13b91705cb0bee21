package rest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
)

const (
	heapUsed = "Status.JVM.Memory.Heap.Used"
	heapMax  = "Status.JVM.Memory.Heap.Max"
	cpuLoad  = "Status.JVM.CPU.Load"
	gcTime   = "Status.JVM.GarbageCollector.All.TimeMsPerSecond"
)

var (
	errNoMetrics = errors.New("the JobManager does not have its TaskManagers' metrics yet")
	errNoCPU     = errors.New("a TaskManager's JVM can't tell its CPU load")
	errNoGC      = errors.New("TaskManagers tell their time in garbage collection from Flink 1.19 on")
	errNoHeap    = errors.New("a TaskManager's JVM can't tell how full its heap is")
)

// Reading is a value, or why there is none.
type Reading struct {
	Value float64
	Err   error
}

// TaskManagers is the worst of a cluster's TaskManagers in each respect, 0 to 1.
type TaskManagers struct {
	Count  int     // those whose metrics the JobManager has: fewer than are registered while the newest one's are on their way
	Heap   Reading // used share of what the JVM's heap may take
	CPU    Reading // share of the processors that the JVM sees which it uses
	GCTime Reading // share of the last minute in garbage collection
}

// TaskManagers is GET /taskmanagers/metrics, and when their heaps are not of one size each TaskManager's. The error is for
// all readings; what only one lacks is in that one.
func (c *Client) TaskManagers(ctx context.Context, to Target) (TaskManagers, error) {
	names := []string{heapUsed, heapMax, cpuLoad, gcTime}
	all, err := c.taskManagerMetrics(ctx, to, names)
	if err == nil && len(all) == 0 { // so it is when one name is missing
		all, err = c.taskManagerMetrics(ctx, to, names[:3])
	}
	if err != nil {
		return TaskManagers{}, err
	}
	found, err := all.taskManagers()
	if err == nil && !all.sameHeaps() {
		found.Heap = c.fullestHeap(ctx, to)
	}
	return found, err
}

func (c *Client) taskManagerMetrics(ctx context.Context, to Target, names []string) (aggregates, error) {
	return get(ctx, c, to, RequestTaskManagers, "/taskmanagers/metrics", metricsQuery(names, "min,max,avg,sum"),
		func(a aggregates) (aggregates, error) { return a, nil })
}

// sameHeaps tells whether all heaps may take the same, so that the fullest is the one that takes most.
func (a aggregates) sameHeaps() bool {
	size := a.byName(heapMax)
	return size.Min.finite() && size.Max.finite() && *size.Min == *size.Max
}

func (a aggregates) taskManagers() (TaskManagers, error) {
	if len(a) == 0 {
		return TaskManagers{}, errNoMetrics
	}
	size := a.byName(heapMax)
	if !size.Sum.finite() || !size.Avg.finite() {
		return TaskManagers{}, lacking(heapMax)
	}
	count := math.Round(float64(*size.Sum / *size.Avg))
	if !(count >= 1 && count <= math.MaxInt32) {
		return TaskManagers{}, fmt.Errorf("%w: the sum and the average of %s don't fit together", errAnswer, heapMax)
	}
	return TaskManagers{
		Count:  int(count),
		Heap:   share(a.byName(heapUsed), size.Max, errNoHeap),
		CPU:    share(a.byName(cpuLoad), new(number(1)), errNoCPU),
		GCTime: share(a.byName(gcTime), new(number(1000)), errNoGC),
	}, nil
}

// share is the largest value's share of the whole. A JVM says -1 for what it doesn't know.
func share(value aggregate, whole *number, unknown error) Reading {
	if !value.Min.finite() || !value.Max.finite() || *value.Min < 0 || !whole.finite() || *whole <= 0 {
		return Reading{Err: unknown}
	}
	return Reading{Value: min(float64(*value.Max / *whole), 1)}
}

// fullestHeap asks each TaskManager for its heap.
func (c *Client) fullestHeap(ctx context.Context, to Target) Reading {
	ids, err := get(ctx, c, to, RequestTaskManagers, "/taskmanagers", "", taskManagersAnswer.ids)
	if err != nil {
		return Reading{Err: err}
	}
	var fullest Reading
	for _, id := range ids {
		query := "get=" + heapUsed + "," + heapMax
		one, err := get(ctx, c, to, RequestTaskManagers, "/taskmanagers/"+id+"/metrics", query, metricsAnswer.heap)
		if err != nil {
			return Reading{Err: err}
		}
		fullest.Value = max(fullest.Value, one)
	}
	return fullest
}

type taskManagersAnswer struct {
	TaskManagers []struct {
		ID     string       `json:"id"`
		Memory memoryAnswer `json:"memoryConfiguration"`
	} `json:"taskmanagers"`
}

func (a taskManagersAnswer) ids() ([]string, error) {
	var ids []string
	for _, t := range a.TaskManagers {
		if t.ID == "" || strings.Contains(t.ID, "/") {
			return nil, fmt.Errorf("%w: a TaskManager's id can't stand in a path", errAnswer)
		}
		ids = append(ids, t.ID)
	}
	if len(ids) == 0 {
		return nil, errNoMetrics
	}
	return ids, nil
}

// metricsAnswer is GET /taskmanagers/:id/metrics?get=...: the metrics of one component, without those that it doesn't have.
type metricsAnswer []struct {
	Name  string  `json:"id"`
	Value *number `json:"value"`
}

func (a metricsAnswer) byName() map[string]*number {
	values := map[string]*number{}
	for _, metric := range a {
		values[metric.Name] = metric.Value
	}
	return values
}

func (a metricsAnswer) heap() (float64, error) {
	values := a.byName()
	used := values[heapUsed]
	one := share(aggregate{Min: used, Max: used}, values[heapMax], errNoHeap)
	return one.Value, one.Err
}
