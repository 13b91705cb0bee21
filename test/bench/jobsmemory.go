package bench

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

const (
	askedJobs  = 17000
	jobsServed = 3 // rounds, before memory is read
	noJobs     = "before any job was asked for"
	// Every ten seconds: as seldom as the metrics of JobManagers allow.
	jobsConfiguration = "flink: {interval: 10s, timeout: 9s, maxAge: 30s}\n"
)

// JobsMemory measures the memory of the adapter with JobManager pods: first idle, when it knows their pods, then with the busy
// ratio of each asked for.
func JobsMemory(ctx context.Context, b *bed.Bed, root string, jobs *jobPods, managers *jobManagers) (results []Result, err error) {
	if err := enoughFiles(askedJobs); err != nil {
		return nil, err
	}
	if err := b.Step(fmt.Sprintf("make the pods of %d JobManagers", askedJobs), func() error { return jobs.add(ctx, askedJobs) }); err != nil {
		return nil, err
	}
	a, err := startAdapter(ctx, b, root, jobsConfiguration)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	idle, err := residentMemory(a.PID())
	if err != nil {
		return nil, err
	}
	all := span{0, askedJobs}
	if err := b.Step(fmt.Sprintf("ask for %d jobs until each has run for a window", askedJobs), func() error {
		return askAll(ctx, a.client, questionsOf(busyMetric, all))
	}); err != nil {
		return nil, fmt.Errorf("%w; the adapter's log is in %s", err, b.Logs)
	}
	if err := b.Step(fmt.Sprintf("watch %d rounds", jobsServed), func() error {
		_, err := watchRounds(ctx, managers.take, jobsServed, func() error { return nil })
		return err
	}); err != nil {
		return nil, err
	}
	asked, err := residentMemory(a.PID())
	if err != nil {
		return nil, err
	}
	b.Line("\nThe adapter's memory at its peak: %.0f MiB when it knows the pods of %d JobManagers, %.0f MiB with each job polled.", idle, askedJobs, asked)
	return []Result{{
		Name: "adapter_rss_mib", Case: fmt.Sprintf("jobs=%d", askedJobs), Unit: "MiB", Value: asked, Baseline: &idle, BaselineName: noJobs,
	}}, nil
}

// enoughFiles complains when neither the adapter nor the JobManagers may have so many connections.
func enoughFiles(connections uint64) error {
	const besides = 500
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	if limit.Max < connections+besides {
		return fmt.Errorf("%d connections need as many open files and some more, and %d are allowed: raise the hard limit (ulimit -Hn)", connections, limit.Max)
	}
	return nil
}
