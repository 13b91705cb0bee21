package sizing

import (
	"fmt"
	"math"
	"strconv"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// Sizes is how the memory of a TaskManager's process is divided, in bytes, as it says itself.
type Sizes struct {
	FrameworkHeap, TaskHeap       int64
	FrameworkOffHeap, TaskOffHeap int64
	Managed, Network              int64
	Metaspace, Overhead           int64
}

// Heap is what the JVM's heap may take: -Xmx.
func (s Sizes) Heap() int64 { return s.FrameworkHeap + s.TaskHeap }

// Process is all of it: taskmanager.memory.process.size.
func (s Sizes) Process() int64 {
	return s.Heap() + s.FrameworkOffHeap + s.TaskOffHeap + s.Managed + s.Network + s.Metaspace + s.Overhead
}

// Model is how Flink divides the memory of a process, as its options say. Sizes are bytes.
type Model struct {
	frameworkHeap, frameworkOffHeap, taskOffHeap, metaspace int64
	managed                                                 share
	network, overhead                                       share
}

// share is a fraction of a whole, within bounds.
type share struct {
	fraction    float64
	least, most int64
}

func (s share) of(whole int64) int64 {
	return min(max(int64(s.fraction*float64(whole)), s.least), s.most)
}

// memoryOption is the beginning of all options about memory.
const memoryOption = "taskmanager.memory."

// NewModel reads the options by key, as GET /jobmanager/config has them, over the defaults of that version of Flink. Options that fix the heap
// are an error: no size of the process changes it then.
func NewModel(options map[string]string, version flinkconf.Version) (Model, error) {
	for _, fixed := range []string{"flink.size", "task.heap.size"} {
		if _, set := options[memoryOption+fixed]; set {
			return Model{}, fmt.Errorf("option %s%s of the JobManager fixes the heap, whatever the process has; set %sprocess.size instead", memoryOption, fixed, memoryOption)
		}
	}
	r := reader{options: options}
	m := Model{
		frameworkHeap: r.size("framework.heap.size", 128*MiB), frameworkOffHeap: r.size("framework.off-heap.size", 128*MiB),
		taskOffHeap: r.size("task.off-heap.size", 0), metaspace: r.size("jvm-metaspace.size", 256*MiB),
		managed:  share{r.fraction("managed.fraction", 0.4), 0, math.MaxInt64},
		network:  share{r.fraction("network.fraction", 0.1), r.size("network.min", 64*MiB), r.size("network.max", networkMax(version))},
		overhead: share{r.fraction("jvm-overhead.fraction", 0.1), r.size("jvm-overhead.min", 192*MiB), r.size("jvm-overhead.max", 1024*MiB)},
	}
	if _, set := options[memoryOption+"managed.size"]; set {
		size := r.size("managed.size", 0)
		m.managed = share{0, size, size}
	}
	return m, r.err
}

// networkMax is the default, which is no limit from 1.17 on.
func networkMax(version flinkconf.Version) int64 {
	if version.Known() && version.Before(flinkconf.Version{Major: 1, Minor: 17}) {
		return 1024 * MiB
	}
	return math.MaxInt64
}

// reader reads options, and keeps the first error.
type reader struct {
	options map[string]string
	err     error
}

func (r *reader) size(name string, byDefault int64) int64 {
	text, set := r.options[memoryOption+name]
	if !set {
		return byDefault
	}
	size, err := flinkconf.ParseMemory(text)
	r.refuse(name, err)
	return size
}

func (r *reader) fraction(name string, byDefault float64) float64 {
	text, set := r.options[memoryOption+name]
	if !set {
		return byDefault
	}
	fraction, err := strconv.ParseFloat(text, 64)
	if err == nil && !(fraction >= 0 && fraction <= 1) {
		err = fmt.Errorf("%.40q is not a share from 0 to 1", text)
	}
	r.refuse(name, err)
	return fraction
}

func (r *reader) refuse(name string, err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("option %s%s of the JobManager: %w", memoryOption, name, err)
	}
}

// Divide is how a process of that size is divided. TaskHeap is below 0 in one that is too small.
func (m Model) Divide(process int64) Sizes {
	s := Sizes{FrameworkHeap: m.frameworkHeap, FrameworkOffHeap: m.frameworkOffHeap, TaskOffHeap: m.taskOffHeap, Metaspace: m.metaspace}
	s.Overhead = m.overhead.of(process)
	flink := process - s.Metaspace - s.Overhead
	s.Managed, s.Network = m.managed.of(flink), m.network.of(flink)
	s.TaskHeap = flink - s.FrameworkHeap - s.FrameworkOffHeap - s.TaskOffHeap - s.Managed - s.Network
	return s
}

// Explains tells whether the model divides a process as that TaskManager's is, but for rounding.
func (m Model) Explains(s Sizes) bool {
	ours := m.Divide(s.Process())
	for _, pair := range [][2]int64{
		{ours.FrameworkHeap, s.FrameworkHeap}, {ours.TaskHeap, s.TaskHeap}, {ours.FrameworkOffHeap, s.FrameworkOffHeap}, {ours.TaskOffHeap, s.TaskOffHeap},
		{ours.Managed, s.Managed}, {ours.Network, s.Network}, {ours.Metaspace, s.Metaspace}, {ours.Overhead, s.Overhead},
	} {
		if d := pair[0] - pair[1]; d > MiB || d < -MiB {
			return false
		}
	}
	return true
}

// most is the largest process that is looked at: 1 TiB.
const most = 1 << 40

// smallest is the smallest process, in whole MiB, of which enough says that it is enough; enough must stay true from there on.
func (m Model) smallest(enough func(Sizes) bool) (process int64, ok bool) {
	low, high := int64(0), int64(most/MiB)
	if !enough(m.Divide(most)) {
		return 0, false
	}
	for low < high {
		middle := (low + high) / 2
		if enough(m.Divide(middle * MiB)) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low * MiB, true
}
