package flink

import (
	"fmt"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/sizing"
)

// Job is what is known of one job: each reading is a true value, or the reason why there is none. It is never changed.
type Job struct {
	// Shares of the time of a vertex's subtasks over the window, 0 to 1.
	Busy          Reading // of the vertex where it is highest
	Backpressured Reading // likewise
	Idle          Reading // of the vertex where it is lowest
	Busiest       string  // name of the vertex that Busy is of, while that has no error

	KafkaLag  Reading // records between the job's positions and the log ends, over all its Kafka sources
	Pending   Reading // records that its sources say they have not read
	RecordsIn Reading // records per second that its sources read
	EventLag  Reading // seconds between a record's own time and its leaving the source, where that is highest

	// Of the TaskManager where it is highest, 0 to 1.
	HeapUsed Reading // used share of the heap
	GCTime   Reading // share of the time that garbage collection takes
	CPULoad  Reading // of the machine's CPUs, what the JVM uses

	TaskManagers Reading // registered
	Slots        Reading // of all of them together
	Parallelism  Reading // of the job's most parallel vertex
	Restarts     Reading // how often it went RUNNING again in the last hour, as far as the collector has watched it
	Desired      Reading // TaskManagers that would be enough
	Memory       Reading // bytes that the process of each of them would need

	Explanation Explanation // of Desired, while that has no error
}

// Reading is a value that was true at Time, or the reason why there is none.
type Reading struct {
	Value float64
	Time  time.Time
	Err   error // when set, the rest means nothing
}

func failed(err error) Reading { return Reading{Err: err} }

// nothing is a job of which nothing is known.
func nothing(err error) Job {
	none := failed(err)
	return Job{
		Busy: none, Backpressured: none, Idle: none, KafkaLag: none, Pending: none, RecordsIn: none, EventLag: none,
		HeapUsed: none, GCTime: none, CPULoad: none, TaskManagers: none, Slots: none, Parallelism: none, Restarts: none, Desired: none,
		Memory: none,
	}
}

// Explanation says why a job is said to need so many TaskManagers.
type Explanation struct {
	JobManager string           `json:"jobManager"`
	Job        string           `json:"job"`
	Kafka      string           `json:"kafkaCluster,omitempty"`
	Time       time.Time        `json:"time"`           // end of the window that it was decided on
	Held       string           `json:"held,omitempty"` // why there is none from now
	Decision   desired.Decision `json:"decision"`
	Memory     *sizing.Advice   `json:"memory,omitempty"`  // of a TaskManager's process; absent: there is none
	History    []Change         `json:"history,omitempty"` // changes of the number, the oldest first; fifty at most, since the adapter watches the job
}

// Text is the explanation for people: some lines and a table; and the history, where there is one, even an empty one.
func (e Explanation) Text() string {
	text := fmt.Sprintf("%s, job %s, %s\n", e.JobManager, e.Job, e.Time.UTC().Format(time.RFC3339))
	if e.Held != "" {
		text += "held since then: " + e.Held + "\n"
	}
	text += e.Decision.Text()
	if e.Memory != nil {
		text += "\nmemory of a TaskManager:\n" + e.Memory.Text() + "\n"
	}
	if e.History != nil {
		text += historyText(e.History)
	}
	return text
}
