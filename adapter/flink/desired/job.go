package desired

import "time"

// Job is what one window saw of a job that ran all through it.
type Job struct {
	Now          time.Time     // end of the window
	Changed      time.Time     // when the job last started, restarted or rescaled
	TaskManagers int           // registered; all their slots are the job's
	Slots        int           // of each TaskManager
	Vertices     []Vertex      // in any order; their inputs make no circle
	Restart      time.Duration // what a rescale of it took; 0: none was measured
	Checkpoints  *Checkpoints  // nil: nobody has looked
	Graph        string        // tells the job's graph from another: the same as long as its vertices and their max parallelism are; empty: unknown
	Room         *Room         // nil: nothing is known that keeps it from getting more TaskManagers
}

// Room is how many TaskManagers a job can be given.
type Room struct {
	Most   int    // those that there are, or are being started, included; it takes none away
	Reason Reason // what keeps it from being given more: HeldByRoom or LimitedByQuota
}

// Vertex is one vertex over the window. Shares are of its subtasks' time, 0 to 1; rates are records per second of all
// subtasks together.
type Vertex struct {
	ID, Name       string
	Parallelism    int
	MaxParallelism int
	SlotGroup      string
	Inputs         []Input // none: it is a source
	Busy           float64
	Backpressured  float64
	Timeless       bool    // its times are NaN: only its rates count
	Hottest        float64 // busy share of its busiest subtask; 0: nobody has looked
	RecordsIn      float64
	RecordsOut     float64
	Source         *Source // of a source
}

// Input is an edge of the job graph, at its lower end.
type Input struct {
	From  string // the upper vertex's ID
	Keyed bool   // dealt out by key group: one key's records all go to one subtask
}

// Source is what is known of what a source reads.
type Source struct {
	Arrival    float64 // records per second that are written for it to read
	Rise       float64 // by how much Arrival has been growing each second, at least; 0: not steadily
	Backlog    float64 // records that it had not read at the end of the window
	Partitions int     // of its topics; 0: unknown
	Unknown    string  // why Arrival and Backlog are not known; empty: they are
}

// Checkpoints is how the job's checkpoints fare.
type Checkpoints struct {
	Enabled   bool
	Interval  time.Duration
	Completed time.Time // trigger time of the newest completed one; zero: none since the job started
	Failed    time.Time // when the newest failed one failed; zero: none. One that the rescale itself ended does not count
	Timeout   time.Duration
}
