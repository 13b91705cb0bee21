package fleet

import (
	"fmt"
	"time"
)

// What each job is: two vertices of two subtasks, one source of one topic.
const (
	subtasks   = 2
	Partitions = 12 // of each topic
	// perPartition is how many records a second are written to each partition, and read from it.
	perPartition = 100
	// behind is how many records of each partition the job has not read.
	behind = 50
	// checkpointEvery is the recorded job's interval, ms.
	checkpointEvery = 10_000
)

// End is the log end offset of each partition of each topic.
func End(at time.Time) int64 { return at.UnixMilli() * perPartition / 1000 }

// state is a job at a time, as its answers name it. Times are milliseconds.
type state struct {
	Job                                string
	Topic                              string
	Now, Started, Duration, Checkpoint int64
	One, All                           vertices // of one subtask, of all
	end                                int64
}

type vertices struct{ Source, Work sums }

// sums are since the job started: records, and milliseconds.
type sums struct{ In, Out, Busy, Idle, Backpressured int64 }

// stateAt is a job that has always done the same. How busy it is depends on its number, so that not all are alike.
func stateAt(job int, topic string, started, now time.Time) state {
	elapsed := now.Sub(started).Milliseconds()
	s := state{
		Job: fmt.Sprintf("%032x", job+1), Topic: topic,
		Now: now.UnixMilli(), Started: started.UnixMilli(), Duration: elapsed,
		Checkpoint: now.UnixMilli() / checkpointEvery * checkpointEvery, end: End(now),
	}
	records := elapsed * Partitions * perPartition / subtasks / 1000
	work := int64(30 + job%45) // busy, in per cent
	s.One.Source = sums{In: records, Out: records, Busy: elapsed * 10 / 100, Idle: elapsed - elapsed*10/100}
	s.One.Work = sums{In: records, Busy: elapsed * work / 100, Idle: elapsed - elapsed*work/100}
	s.All.Source, s.All.Work = s.One.Source.times(subtasks), s.One.Work.times(subtasks)
	return s
}

func (s sums) times(n int64) sums {
	return sums{In: s.In * n, Out: s.Out * n, Busy: s.Busy * n, Idle: s.Idle * n, Backpressured: s.Backpressured * n}
}
