package desired

import "time"

// Memory is what Decide has to know of the job's past. The zero value remembers nothing; a copy is independent.
type Memory struct {
	Parallelism int       // of the job
	Bottleneck  string    // ID of the vertex that needed most
	Capacity    float64   // of that vertex, records per second
	Until       time.Time // a scale-up brought next to nothing, so until then no more is asked for
	Graph       string    // of the job
	Regraphed   time.Time // end of the first window with another graph than before; zero: it has had one only
}

// leastGain is the part of the capacity that a scale-up should bring below which it brought next to nothing. Flink's operator
// draws the line there too (scaling.effectiveness.threshold).
const leastGain = 0.1

// of is what is remembered of the job as its graph is now: of another one nothing holds, but that there was one.
func (m Memory) of(job Job) Memory {
	switch {
	case job.Graph == "" || job.Graph == m.Graph:
		return m
	case m.Graph == "":
		m.Graph = job.Graph
		return m
	}
	return Memory{Graph: job.Graph, Regraphed: job.Now}
}

// judge compares the job with what is remembered, and remembers what it is now. A scale-up is judged once, by the vertex
// that was the bottleneck, and only while that is busy for at least UtilizationMin of its time: where nothing was gained it still is,
// and a vertex that waits shows no capacity.
func (m Memory) judge(now time.Time, parallelism int, bottleneck need, needs []need, rules Rules) Memory {
	for _, n := range needs {
		if n.ID != m.Bottleneck || m.Parallelism <= 0 || parallelism <= m.Parallelism || m.Capacity <= 0 {
			continue
		}
		due := m.Capacity * float64(parallelism-m.Parallelism) / float64(m.Parallelism)
		if n.rate() > 0 && n.Busy >= rules.UtilizationMin && n.capacity()-m.Capacity < leastGain*due {
			m.Until = now.Add(rules.IneffectiveFor)
		}
	}
	m.Parallelism, m.Bottleneck, m.Capacity = parallelism, bottleneck.ID, bottleneck.capacity()
	return m
}

// capacity is what the vertex can do at its parallelism, in records per second; 0: not measured.
func (n *need) capacity() float64 { return n.rate() * float64(n.Parallelism) }
