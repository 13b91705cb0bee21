package sizing

import (
	"slices"
	"time"
)

// Sample is what a TaskManager's JVM and its Flink say of their memory at a time. Sizes are bytes; counts are since the JVM's start.
type Sample struct {
	TaskManager string // its ID
	At          time.Time
	Used, Max   int64 // of the heap
	Young, Old  int64 // collections of the young generation, and such as collect the old one too
	TellsOld    bool  // Old counts all of the latter
	Managed     int64 // managed memory in use
	Network     int64 // network memory in use
}

// Collectors are the names of a JVM's garbage collectors as Flink writes them, with _ for a blank.
type Collectors []string

// Young are those that collect the young generation alone.
func (c Collectors) Young() []string {
	return c.among("Copy", "PS_Scavenge", "ParNew", "G1_Young_Generation", "ZGC_Minor_Cycles")
}

// Old are those that collect the old generation, or a heap that has but one.
func (c Collectors) Old() []string {
	return c.among("MarkSweepCompact", "PS_MarkSweep", "ConcurrentMarkSweep", "G1_Old_Generation", "G1_Concurrent_GC", "ZGC_Major_Cycles", "ZGC_Cycles", "Shenandoah_Cycles")
}

// TellsOld tells whether Old are all that do. G1 collects the old generation bit by bit in what it counts as young collections, after a concurrent
// cycle that it counts from Java 20 on.
func (c Collectors) TellsOld() bool {
	return len(c.Old()) > 0 && (!slices.Contains(c, "G1_Old_Generation") || slices.Contains(c, "G1_Concurrent_GC"))
}

func (c Collectors) among(names ...string) []string {
	return slices.DeleteFunc(slices.Clone(c), func(name string) bool { return !slices.Contains(names, name) })
}
