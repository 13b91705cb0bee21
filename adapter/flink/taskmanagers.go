package flink

import (
	"context"
	"errors"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

var errTaskManagers = errors.New("the JobManager does not have the metrics of all TaskManagers yet")

// readTaskManagers fills in what is known of the TaskManagers' JVMs. They are ratios, so they wait for the job to settle as the others do.
func (c *Collector) readTaskManagers(ctx context.Context, r round, job *Job) {
	read, err := rest.TaskManagers{}, r.err
	if err == nil {
		read, err = c.rest.TaskManagers(ctx, r.target)
	}
	if err == nil && read.Count < r.overview.TaskManagers {
		err = errTaskManagers
	}
	reading := func(v rest.Reading) Reading {
		if err := errors.Join(err, v.Err); err != nil {
			return failed(err)
		}
		return Reading{Value: v.Value, Time: r.at}
	}
	job.HeapUsed, job.CPULoad, job.GCTime = reading(read.Heap), reading(read.CPU), reading(read.GCTime)
}
