package rest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/flink-hpa/flink-hpa/adapter/sizing"
)

const (
	managedUsed = "Status.Flink.Memory.Managed.Used"
	networkUsed = "Status.Shuffle.Netty.UsedMemory"
	collectorOf = "Status.JVM.GarbageCollector."
	countOf     = ".Count"
)

// TaskManager is one that is registered.
type TaskManager struct {
	ID    string
	Sizes sizing.Sizes // of its process
}

// TaskManagerList is GET /taskmanagers: those that are registered.
func (c *Client) TaskManagerList(ctx context.Context, to Target) ([]TaskManager, error) {
	return get(ctx, c, to, RequestMemory, "/taskmanagers", "", taskManagersAnswer.taskManagers)
}

// memoryAnswer is how a TaskManager says that its process is divided. Sizes are bytes.
type memoryAnswer struct {
	FrameworkHeap    int64 `json:"frameworkHeap"`
	TaskHeap         int64 `json:"taskHeap"`
	FrameworkOffHeap int64 `json:"frameworkOffHeap"`
	TaskOffHeap      int64 `json:"taskOffHeap"`
	Network          int64 `json:"networkMemory"`
	Managed          int64 `json:"managedMemory"`
	Metaspace        int64 `json:"jvmMetaspace"`
	Overhead         int64 `json:"jvmOverhead"`
	Process          int64 `json:"totalProcessMemory"`
}

// mostMemory is 1 PiB: beyond it is no size of memory.
const mostMemory = 1 << 50

// sizes are none where they don't add up: one that was started without a size of its process doesn't tell all of them.
func (a memoryAnswer) sizes() (s sizing.Sizes) {
	for _, size := range []int64{a.FrameworkHeap, a.TaskHeap, a.FrameworkOffHeap, a.TaskOffHeap, a.Network, a.Managed, a.Metaspace, a.Overhead} {
		if size < 0 || size > mostMemory {
			return sizing.Sizes{}
		}
	}
	s = sizing.Sizes{
		FrameworkHeap: a.FrameworkHeap, TaskHeap: a.TaskHeap, FrameworkOffHeap: a.FrameworkOffHeap, TaskOffHeap: a.TaskOffHeap,
		Managed: a.Managed, Network: a.Network, Metaspace: a.Metaspace, Overhead: a.Overhead,
	}
	if s.Process() != a.Process || a.Process <= 0 {
		return sizing.Sizes{}
	}
	return s
}

func (a taskManagersAnswer) taskManagers() ([]TaskManager, error) {
	if _, err := a.ids(); err != nil {
		return nil, err
	}
	all := make([]TaskManager, len(a.TaskManagers))
	for i, t := range a.TaskManagers {
		all[i] = TaskManager{ID: t.ID, Sizes: t.Memory.sizes()}
	}
	return all, nil
}

// Collectors is GET /taskmanagers/:id, of which the names of its JVM's garbage collectors.
func (c *Client) Collectors(ctx context.Context, to Target, id string) (sizing.Collectors, error) {
	return get(ctx, c, to, RequestMemory, "/taskmanagers/"+id, "", detailAnswer.collectors)
}

type detailAnswer struct {
	Metrics struct {
		Collectors []struct {
			Name string `json:"name"`
		} `json:"garbageCollectors"`
	} `json:"metrics"`
}

// collectors are none before its metrics are there.
func (a detailAnswer) collectors() (sizing.Collectors, error) {
	var names sizing.Collectors
	for _, collector := range a.Metrics.Collectors {
		names = append(names, collector.Name)
	}
	if len(names) == 0 {
		return nil, errNoMetrics
	}
	return names, nil
}

// Memory is GET /taskmanagers/:id/metrics: what of its memory a TaskManager uses. The sample has neither its ID nor a time.
func (c *Client) Memory(ctx context.Context, to Target, id string, collectors sizing.Collectors) (sizing.Sample, error) {
	names := []string{heapUsed, heapMax, managedUsed, networkUsed}
	for _, collector := range slices.Concat(collectors.Young(), collectors.Old()) {
		names = append(names, collectorOf+collector+countOf)
	}
	return get(ctx, c, to, RequestMemory, "/taskmanagers/"+id+"/metrics", "get="+strings.Join(names, ","), func(a metricsAnswer) (sizing.Sample, error) {
		return a.memory(collectors)
	})
}

func (a metricsAnswer) memory(collectors sizing.Collectors) (s sizing.Sample, err error) {
	values := a.byName()
	read := func(name string) int64 {
		value := values[name]
		if err == nil && (!value.finite() || *value < 0) {
			err = fmt.Errorf("%w: a TaskManager has no %s yet", errNoMetrics, name)
		}
		if err == nil && *value > mostMemory {
			err = fmt.Errorf("%w: %s can't be so large", errAnswer, name)
		}
		if err != nil {
			return 0
		}
		return int64(*value)
	}
	s = sizing.Sample{Used: read(heapUsed), Max: read(heapMax), Managed: read(managedUsed), Network: read(networkUsed), TellsOld: collectors.TellsOld()}
	for _, name := range collectors.Young() {
		s.Young += read(collectorOf + name + countOf)
	}
	for _, name := range collectors.Old() {
		s.Old += read(collectorOf + name + countOf)
	}
	if err == nil && s.Used == 0 {
		err = errNoMetrics
	}
	return s, err
}
