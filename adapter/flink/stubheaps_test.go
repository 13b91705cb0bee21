package flink

import (
	"fmt"
	"net/http"
	"strings"
)

// stubHeaps is what a stub's TaskManagers, "tm-0" and so on, say of their memory.
type stubHeaps struct {
	options map[string]string // of the JobManager
	process int64             // MiB of each TaskManager, with the sample's options; 0: it doesn't tell
	larger  int64             // MiB by which that of the first is larger
	live    int64             // MiB of heap; in use is up to 30 more
	old     int64             // old collections
	managed int64             // MiB in use
	young   bool              // they have just registered
	failed  int64             // ms, when the job last ran out of memory; 0: never
	reason  string

	asked map[string]int // samples, by TaskManager
	turns int64
}

func newStubHeaps() stubHeaps {
	return stubHeaps{
		options: map[string]string{
			"heartbeat.timeout": "50000", "taskmanager.memory.managed.size": "0", "taskmanager.memory.network.min": "32m", "taskmanager.memory.network.max": "32m",
			"taskmanager.memory.jvm-metaspace.size": "128m", "taskmanager.memory.jvm-overhead.min": "64m", "taskmanager.memory.jvm-overhead.max": "64m",
			"taskmanager.memory.framework.heap.size": "64m", "taskmanager.memory.framework.off-heap.size": "64m",
		},
		process: 600, live: 40, asked: map[string]int{},
	}
}

func (h *stubHeaps) config() any {
	all := []map[string]string{}
	for key, value := range h.options {
		all = append(all, map[string]string{"key": key, "value": value})
	}
	return all
}

func (s *stub) listTaskManagers() any {
	const mib = 1 << 20
	all := []map[string]any{}
	for i := range s.taskManagers {
		process := s.heaps.process
		if i == 0 && process > 0 {
			process += s.heaps.larger
		}
		sizes := map[string]any{"totalProcessMemory": nil}
		if process > 0 {
			sizes = map[string]any{
				"frameworkHeap": 64 * mib, "taskHeap": (process - 352) * mib, "frameworkOffHeap": 64 * mib, "taskOffHeap": 0, "networkMemory": 32 * mib, "managedMemory": 0,
				"jvmMetaspace": 128 * mib, "jvmOverhead": 64 * mib, "totalProcessMemory": process * mib,
			}
		}
		all = append(all, map[string]any{"id": fmt.Sprintf("tm-%d", i), "memoryConfiguration": sizes})
	}
	return map[string]any{"taskmanagers": all}
}

// taskManager is one's details, or its metrics. In use is a saw-tooth, whose lowest value each TaskManager has every fourth time that it is asked.
func (s *stub) taskManager(r *http.Request) any {
	const mib = 1 << 20
	id, metrics := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/taskmanagers/"), "/metrics")
	h := &s.heaps
	switch {
	case h.young && metrics:
		return []any{}
	case h.young:
		return map[string]any{"metrics": map[string]any{"garbageCollectors": []any{}}}
	case !metrics:
		return map[string]any{"metrics": map[string]any{"garbageCollectors": []map[string]any{{"name": "All"}, {"name": "Copy"}, {"name": "MarkSweepCompact"}}}}
	}
	h.asked[id]++
	h.turns++
	values := map[string]int64{
		"Status.JVM.Memory.Heap.Used": (h.live + 10*int64(h.asked[id]%4)) * mib, "Status.JVM.Memory.Heap.Max": 300 * mib,
		"Status.Flink.Memory.Managed.Used": h.managed * mib, "Status.Shuffle.Netty.UsedMemory": mib,
		"Status.JVM.GarbageCollector.Copy.Count": h.turns, "Status.JVM.GarbageCollector.MarkSweepCompact.Count": h.old,
	}
	all := []map[string]any{}
	for name := range strings.SplitSeq(r.URL.Query().Get("get"), ",") {
		if value, ok := values[name]; ok {
			all = append(all, map[string]any{"id": name, "value": fmt.Sprint(value)})
		}
	}
	return all
}

func (h *stubHeaps) exceptions() any {
	entries := []map[string]any{}
	if h.failed > 0 {
		entries = append(entries, map[string]any{
			"exceptionName": "java.lang.OutOfMemoryError", "stacktrace": "java.lang.OutOfMemoryError" + h.reason + "\n\tat A.b(A.java:1)", "timestamp": h.failed,
		})
	}
	return map[string]any{"exceptionHistory": map[string]any{"entries": entries}}
}
