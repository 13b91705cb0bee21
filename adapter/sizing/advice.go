package sizing

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Advice is how large the process of a TaskManager should be, and why. Sizes are bytes.
type Advice struct {
	Process int64 `json:"processBytes"` // taskmanager.memory.process.size, whole MiB
	Heap    int64 `json:"heapBytes"`    // that such a process has
	Live    int64 `json:"liveBytes"`    // M: heap in use when garbage has been collected
	AtMost  bool  `json:"liveAtMost,omitempty"`
	Counted bool  `json:"oldCollectionCounted,omitempty"` // M is what an old collection left that the JVM counted

	CurrentProcess int64   `json:"currentProcessBytes"` // of the largest TaskManager, as the next
	CurrentHeap    int64   `json:"currentHeapBytes"`
	Factor         float64 `json:"factor"`
	Watched        float64 `json:"watchedSeconds"`
	Limit          string  `json:"limit,omitempty"` // what else it must hold: "managed memory in use" or "network memory in use"
}

var (
	errNothingYet = errors.New("the job's memory has not been watched for long enough; it takes a whole part of flink.memory.window in which the job neither restarts nor is rescaled (an hour on the clock, by default)")
	errNoModel    = errors.New("the memory options of the JobManager are not those of its TaskManagers, so how theirs is divided can't be told; give both the same taskmanager.memory.* options")
	errUnlimited  = errors.New("no process would be large enough")
	errAtMost     = errors.New("no old collection tells what is live in the heap as it is filled now, so it is known at most, and the heap is not so large that this says something")
)

// networkFactor is how many times the network memory in use there is to be, where there is as much now: more TaskManagers take more channels, and
// buffers for each of them.
const networkFactor = 4

// Advise works out the process that holds Factor times M of heap, and the managed and network memory that is in use. sizes are those of
// the largest TaskManager that runs. Only what an old collection left is a reason for a larger process: all else may hold garbage.
func (r Rules) Advise(live Live, model Model, sizes Sizes) (Advice, error) {
	if live.Bytes == 0 {
		return Advice{}, errNothingYet
	}
	if !model.Explains(sizes) {
		return Advice{}, errNoModel
	}
	heap := int64(math.Ceil(r.Factor * float64(live.Bytes)))
	// More than there is now was in use under other options.
	managed, network := min(sizes.Managed, live.Managed), min(sizes.Network, networkFactor*live.Network)
	heapFits := func(s Sizes) bool { return s.TaskHeap >= 0 && s.Heap() >= heap }
	process, ok := model.smallest(func(s Sizes) bool { return heapFits(s) && s.Managed >= managed && s.Network >= network })
	if !ok {
		return Advice{}, errUnlimited
	}
	a := Advice{
		Process: process, Heap: model.Divide(process).Heap(), Live: live.Bytes, AtMost: live.AtMost, Counted: live.Counted,
		CurrentProcess: sizes.Process(), CurrentHeap: sizes.Heap(), Factor: r.Factor, Watched: live.Watched.Seconds(),
	}
	if !live.Counted && a.Process >= a.CurrentProcess {
		return Advice{}, errAtMost
	}
	switch smaller := model.Divide(process - MiB); {
	case !heapFits(smaller):
	case smaller.Managed < managed:
		a.Limit = "managed memory in use"
	default:
		a.Limit = "network memory in use"
	}
	return a, nil
}

// notable is how far, as a share of the current process, an advice is from it to be worth telling.
const notable = 0.2

// Notable tells whether following it would save more than a fifth, or the process is short by more than that.
func (a Advice) Notable() bool {
	return math.Abs(float64(a.Process-a.CurrentProcess)) > notable*float64(a.CurrentProcess)
}

// Text is the advice for people, on one line.
func (a Advice) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "taskmanager.memory.process.size %s advised, %s now", Text(a.Process), Text(a.CurrentProcess))
	switch percent := 100 * float64(a.Process-a.CurrentProcess) / float64(max(a.CurrentProcess, 1)); {
	case percent < 0:
		fmt.Fprintf(&b, " (saves %.0f%%)", -percent)
	case percent > 0:
		fmt.Fprintf(&b, " (short by %.0f%%)", percent)
	}
	about, by := "about ", ""
	switch {
	case a.AtMost:
		about = "at most "
	case a.Counted:
		about, by = "", " after old collections"
	}
	fmt.Fprintf(&b, ": %s%s of %s of heap live%s, and %g times that advised; watched for %s", about, Text(a.Live), Text(a.CurrentHeap), by, a.Factor, watched(a.Watched))
	if a.Limit != "" {
		fmt.Fprintf(&b, "; not less for its %s", a.Limit)
	}
	return b.String()
}

func watched(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second)
}
