package desired

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// anyJob is a job of up to six vertices with any numbers that could be, and some that stretch it.
func anyJob(r *rand.Rand) Job {
	p := 1 + r.IntN(20)
	var vertices []Vertex
	for i := range 1 + r.IntN(6) {
		v := Vertex{
			ID: fmt.Sprint(i), Name: fmt.Sprint(i), Parallelism: p, SlotGroup: []string{"", "", "", "b"}[r.IntN(4)],
			MaxParallelism: []int{0, 12, 100, 128, 720}[r.IntN(5)],
			Busy:           []float64{0, r.Float64(), r.Float64(), 1}[r.IntN(4)],
			Timeless:       r.IntN(20) == 0,
			RecordsIn:      []float64{0, 1e4 * r.Float64(), 1e4 * r.Float64()}[r.IntN(3)],
			RecordsOut:     1e4 * r.Float64(),
			Backpressured:  r.Float64(),
		}
		if v.MaxParallelism > 0 {
			v.Parallelism = min(p, v.MaxParallelism)
		}
		if r.IntN(3) == 0 {
			v.Hottest = v.Busy + (1-v.Busy)*r.Float64()
		}
		for from := range i {
			if r.IntN(2) == 0 {
				v.Inputs = append(v.Inputs, Input{From: fmt.Sprint(from), Keyed: r.IntN(2) == 0})
			}
		}
		if len(v.Inputs) == 0 {
			v.Source = &Source{Arrival: []float64{0, 1e4 * r.Float64()}[r.IntN(2)], Rise: []float64{0, 100 * r.Float64()}[r.IntN(2)], Backlog: []float64{0, 0, 1e6 * r.Float64()}[r.IntN(3)],
				Partitions: []int{0, 1, 12, 36}[r.IntN(4)]}
			if r.IntN(5) == 0 {
				v.Source.Unknown = "why"
			}
		}
		vertices = append(vertices, v)
	}
	j := newJob(vertices...)
	j.Slots = 1 + r.IntN(4)
	j.TaskManagers = ceilDiv(j.parallelism()*j.slotGroups(), j.Slots) + r.IntN(2)
	j.Changed = j.Now.Add(-time.Duration(r.IntN(300)) * time.Second)
	ago := func() time.Time { return j.Now.Add(-time.Duration(r.IntN(900)) * time.Second) }
	j.Checkpoints = []*Checkpoints{nil, {}, {Enabled: true}, {Enabled: true, Interval: time.Minute, Timeout: 10 * time.Minute, Completed: ago()},
		{Enabled: true, Interval: time.Minute, Completed: ago(), Failed: ago()}}[r.IntN(5)]
	j.Graph = []string{"", "a", "b"}[r.IntN(3)]
	if r.IntN(4) == 0 {
		j.Room = &Room{r.IntN(2 * j.TaskManagers), Reason{[]Code{HeldByRoom, LimitedByQuota}[r.IntN(2)], "why"}}
	}
	return j
}

// anyMemory is none, or one that lets a scale-up be judged, or one that was; of the same graph or another.
func anyMemory(r *rand.Rand, j Job) Memory {
	m := Memory{Parallelism: r.IntN(20), Bottleneck: fmt.Sprint(r.IntN(6)), Capacity: 1e5 * r.Float64(), Graph: []string{"", "a"}[r.IntN(2)]}
	if r.IntN(3) == 0 {
		m.Until = j.Now.Add(time.Duration(r.IntN(600)-300) * time.Second)
	}
	return m
}
