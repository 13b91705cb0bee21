package desired

// Decision is how many TaskManagers a job should have, and why.
type Decision struct {
	TaskManagers int      `json:"taskManagers"`                 // at least 1
	Parallelism  int      `json:"parallelism"`                  // of the job's most parallel vertex with them
	Usable       int      `json:"usableTaskManagers,omitempty"` // of which the job could make use at most; absent: a vertex has no known limit
	Current      Current  `json:"current"`
	Bottleneck   string   `json:"bottleneck,omitempty"` // name of the vertex that needs most; empty: none needs anything
	Restart      Restart  `json:"restart"`
	CatchUp      float64  `json:"catchUpSeconds"`
	Vertices     []Need   `json:"vertices"` // upstream first
	Sources      []Intake `json:"sources"`  // likewise
	Reasons      []Reason `json:"reasons"`  // what decided, what went into it, what was held

	// LooksAtCheckpoints says that the number would fall and nobody has looked at the checkpoints: decide again with them, and
	// with the same memory as before.
	LooksAtCheckpoints bool `json:"-"`
}

// Current is what the job has.
type Current struct {
	TaskManagers int `json:"taskManagers"`
	Parallelism  int `json:"parallelism"`         // of its most parallel vertex
	Slots        int `json:"slotsPerTaskManager"` // of each TaskManager
}

// Restart is how long a restart is taken to last.
type Restart struct {
	Seconds  float64 `json:"seconds"`
	Measured bool    `json:"measured"` // from the job's own restarts, not from the rules
}

// Need is what one vertex has and needs. Rates are records per second, shares 0 to 1.
type Need struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Parallelism    int      `json:"parallelism"`
	MaxParallelism int      `json:"maxParallelism,omitempty"`
	Busy           *float64 `json:"busy,omitempty"` // absent, as the next: it reports no times
	Backpressured  *float64 `json:"backPressured,omitempty"`
	RecordsIn      float64  `json:"recordsInPerSecond"`
	Target         float64  `json:"targetPerSecond"`             // what arrives for it
	Capacity       float64  `json:"capacityNeededPerSecond"`     // to do that at the utilization, and to catch up
	Rate           float64  `json:"ratePerSubtask,omitempty"`    // of one subtask that is always busy; absent: not measured
	Utilization    *float64 `json:"utilization,omitempty"`       // expected of its fullest subtask now; absent: not known
	Needed         int      `json:"parallelismNeeded,omitempty"` // absent: not known
	Limit          string   `json:"limit,omitempty"`             // that it met: "partitions" or "max parallelism"
}

// Intake is what is known of a source.
type Intake struct {
	Name       string   `json:"name"`
	Arrival    *float64 `json:"arrivalPerSecond,omitempty"` // absent: unknown
	Rise       float64  `json:"risePerSecond,omitempty"`    // by how much arrival grows each second; absent: not steadily
	Backlog    *float64 `json:"backlogRecords,omitempty"`   // absent: unknown
	Partitions int      `json:"partitions,omitempty"`       // absent: unknown
	Unknown    string   `json:"unknown,omitempty"`          // why
}

func (n *need) told(rules Rules, restart float64) Need {
	out := Need{
		ID: n.ID, Name: n.Name, Parallelism: n.Parallelism, MaxParallelism: n.MaxParallelism,
		RecordsIn: n.RecordsIn, Target: n.target, Rate: n.rate(), Utilization: n.utilization(),
	}
	if !n.Timeless {
		out.Busy, out.Backpressured = &n.Busy, &n.Backpressured
	}
	if n.target > 0 {
		out.Capacity = n.target / rules.Utilization
	}
	out.Capacity += n.catchUp + rules.perCatchUp(n.target*restart)
	if !n.unknown && !n.Timeless {
		out.Needed = n.fit
	}
	if n.limited {
		out.Limit = "max parallelism"
		if _, partitions := n.limit(); partitions {
			out.Limit = "partitions"
		}
	}
	return out
}

func (v Vertex) intake() Intake {
	out := Intake{Name: v.Name, Unknown: "nobody has looked"}
	if v.Source == nil {
		return out
	}
	out.Partitions, out.Unknown = v.Source.Partitions, v.Source.Unknown
	if out.Unknown == "" {
		out.Arrival, out.Rise, out.Backlog = &v.Source.Arrival, v.Source.Rise, &v.Source.Backlog
	}
	return out
}
