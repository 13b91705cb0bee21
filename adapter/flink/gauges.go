package flink

import (
	"context"
	"slices"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// integral adds up what Flink 1.13 to 1.15 report as gauges, in ms per second, to the times that later versions add up
// themselves.
type integral struct {
	job   string
	asked int64      // ms, when the gauges were last asked for, by the JobManager's clock
	upTo  int64      // ms, up to when they are added up; 0: nothing is
	seen  []counters // what the last refresh brought: gauges in place of times
	sums  []rest.Times
}

// readGauges puts times in place of those that a job doesn't report.
func (c *Collector) readGauges(ctx context.Context, a *answers, m *memory) error {
	if !slices.ContainsFunc(a.job.counters, func(c counters) bool { return c.Missing }) {
		return nil
	}
	seen := slices.Clone(a.job.counters)
	for i, vertex := range a.job.plan {
		gauges, err := c.rest.Gauges(ctx, a.target, a.job.epoch.job, vertex.ID, vertex.Parallelism)
		if err != nil {
			return err
		}
		seen[i].Times = rest.Times(gauges)
	}
	summed, known := m.integral.add(a.job.epoch.job, a.job.now, seen)
	if !known {
		return errSettling
	}
	a.job.counters = summed
	return nil
}

// add takes in gauges that were read at now, in ms, and returns counters with the times so far. What is new was fetched when the
// gauges were asked for the time before, and is the average of some seconds before that: it stands for the time
// since the refresh before. Gauges that don't change are the same after a refresh. What is seen first is as old as the last
// question of anybody, so that nothing is known yet.
func (s *integral) add(job string, now int64, seen []counters) (summed []counters, known bool) {
	if s.job != job || len(s.seen) != len(seen) {
		*s = integral{job: job, sums: make([]rest.Times, len(seen))}
	}
	refreshed := s.asked
	if slices.Equal(s.seen, seen) {
		refreshed = s.asked - metricRefresh.Milliseconds()
	}
	if s.upTo != 0 && refreshed > s.upTo {
		seconds := float64(refreshed-s.upTo) / 1000
		for i, gauges := range seen {
			sum := &s.sums[i]
			sum.Busy += gauges.Busy * seconds
			sum.Idle += gauges.Idle * seconds
			sum.Backpressured += gauges.Backpressured * seconds
			sum.Missing, sum.Unusable = gauges.Missing, gauges.Unusable
		}
	}
	first := s.asked == 0
	if s.upTo = max(s.upTo, refreshed); first {
		s.upTo = now
	}
	s.asked, s.seen = now, seen
	summed = slices.Clone(seen)
	for i := range summed {
		summed[i].Times = s.sums[i]
	}
	return summed, !first
}
