package desired

import "math"

// parallelism is that of the most parallel vertex.
func (j Job) parallelism() int {
	p := 1
	for _, v := range j.Vertices {
		p = max(p, v.Parallelism)
	}
	return p
}

// slotGroups is the number of slot-sharing groups. Flink deals the slots out evenly among them, and a subtask of each vertex of a
// group shares one.
func (j Job) slotGroups() int {
	groups := map[string]bool{}
	for _, v := range j.Vertices {
		groups[v.SlotGroup] = true
	}
	return max(len(groups), 1)
}

// taskManagers is the number of TaskManagers for a span of parallelisms: the current one where that lies within.
func (j Job) taskManagers(parallelism span) int {
	s := span{j.forParallelism(parallelism.low), j.forParallelism(parallelism.fit), j.forParallelism(parallelism.high)}
	if s.keeps(j.TaskManagers) {
		return j.TaskManagers
	}
	return s.fit
}

// forParallelism is the number of TaskManagers whose slots are enough for it.
func (j Job) forParallelism(p int) int { return ceilDiv(p*j.slotGroups(), j.Slots) }

// room is the number of TaskManagers that the job can be given; there is always room for those that it has.
func (j Job) room() int {
	if j.Room == nil {
		return math.MaxInt
	}
	return max(j.Room.Most, j.TaskManagers)
}

// usable is the number of TaskManagers of which the job makes use when each vertex is as parallel as is of any use to it; 0: a vertex has no
// limit.
func (j Job) usable() int {
	widest := 0
	for _, v := range j.Vertices {
		limit, _ := v.limit()
		if limit == 0 {
			return 0
		}
		widest = max(widest, limit)
	}
	return j.forParallelism(widest)
}

// parallelismWith is what so many TaskManagers give to the most parallel vertex.
func (j Job) parallelismWith(taskManagers int, needs []need) int {
	if taskManagers == j.TaskManagers {
		return j.parallelism()
	}
	slots := max(taskManagers*j.Slots/j.slotGroups(), 1)
	p := 1
	for _, n := range needs {
		if n.MaxParallelism > 0 {
			p = max(p, min(slots, n.MaxParallelism))
		} else {
			return slots
		}
	}
	return p
}
