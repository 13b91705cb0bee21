package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

const (
	busyMetric     = "flink_busy_ratio"
	kafkaLagMetric = "flink_kafka_lag"
	desiredMetric  = "flink_desired_taskmanagers"

	polledJobs  = 1000 // of which a round is timed
	countedJobs = 100  // of which the requests are counted, for each metric
	// watchedRounds take a bit more than a minute: what is asked once a minute, the names of a source's metrics, is asked once.
	watchedRounds = 13
	oneCore       = "GOMAXPROCS=1"
	// soon has jobs count that nobody has watched for long. It changes nothing in what is asked of them.
	soon = "flink: {settle: 0s, window: 15s}\n"
)

// Flink measures what it costs to poll JobManagers: requests for each job, by what is asked of it, and how long a round of
// a thousand takes the adapter on one core. The JobManagers and the brokers are others' cores.
func Flink(ctx context.Context, b *bed.Bed, root string, jobs *jobPods, managers *jobManagers) ([]Result, error) {
	c, err := startCluster()
	if err != nil {
		return nil, err
	}
	defer c.close()
	c.growWith(clock.RealClock{})
	if err := b.Step(fmt.Sprintf("make the pods of %d JobManagers", polledJobs), func() error { return jobs.add(ctx, polledJobs) }); err != nil {
		return nil, err
	}
	m := flinkBench{bed: b, root: root, take: managers.take}
	busy, lag := span{0, countedJobs}, span{countedJobs, 2 * countedJobs}
	few, err := m.observe(ctx, c.configuration()+soon, append(questionsOf(busyMetric, busy), questionsOf(kafkaLagMetric, lag)...))
	if err != nil {
		return nil, err
	}
	all := span{0, polledJobs}
	many, err := m.observe(ctx, c.configuration(), questionsOf(desiredMetric, all))
	if err != nil {
		return nil, err
	}
	perJob := []Result{
		requestsPerJob("busy", few.perJob(busy)), requestsPerJob("kafka_lag", few.perJob(lag)), requestsPerJob("desired", many.perJob(all)),
	}
	b.Line("%s", flinkTable(perJob, many))
	return append(perJob, many.results()...), nil
}

// flinkBench is what every run has in common.
type flinkBench struct {
	bed  *bed.Bed
	root string
	take func() ([]int64, error)
}

// observation is what rounds of one adapter have cost.
type observation struct {
	requests  []int64 // to each job, in all rounds
	rounds    int
	wall, cpu time.Duration // of all rounds; cpu is the whole process's, from the first round's start to the last one's end
}

// observe starts an adapter on one core, asks it until all questions have answers, and watches rounds in which nobody asks.
func (f flinkBench) observe(ctx context.Context, configuration string, questions []question) (o observation, err error) {
	a, err := startAdapter(ctx, f.bed, f.root, configuration, oneCore)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	if err := f.bed.Step(fmt.Sprintf("ask for %d jobs until each has run for a window", len(questions)), func() error {
		return askAll(ctx, a.client, questions)
	}); err != nil {
		return o, fmt.Errorf("%w; the adapter's log is in %s", err, f.bed.Logs)
	}
	var before usage
	err = f.bed.Step(fmt.Sprintf("watch %d rounds", watchedRounds), func() (err error) {
		o.requests, err = watchRounds(ctx, f.take, watchedRounds, func() (err error) {
			before, err = a.usage(ctx)
			return err
		})
		return err
	})
	if err != nil {
		return o, err
	}
	after, err := a.usage(ctx)
	o.rounds, o.wall, o.cpu = after.rounds-before.rounds, after.took-before.took, after.cpu-before.cpu
	if err == nil && o.rounds != watchedRounds {
		err = fmt.Errorf("the adapter counted %d rounds, its JobManagers saw %d", o.rounds, watchedRounds)
	}
	return o, err
}

func questionsOf(metric string, jobs span) []question {
	var questions []question
	for job := jobs.from; job < jobs.to; job++ {
		questions = append(questions, question{namespace: jobNamespace(job), metric: metric, selector: jobLabels(job)})
	}
	return questions
}

// perJob is the mean of the requests to each of some jobs in a round.
func (o observation) perJob(jobs span) float64 {
	return float64(total(o.requests[jobs.from:jobs.to])) / float64(jobs.to-jobs.from) / float64(o.rounds)
}

func (o observation) results() []Result {
	of := fmt.Sprintf("jobs=%d", polledJobs)
	return []Result{
		{Name: "flink_poll_ms", Case: of, Unit: "ms", Value: milliseconds(o.wall) / float64(o.rounds)},
		{Name: "flink_poll_cpu_ms", Case: of, Unit: "ms", Value: milliseconds(o.cpu) / float64(o.rounds)},
	}
}

func requestsPerJob(metric string, requests float64) Result {
	return Result{Name: "flink_requests_per_job", Case: "metric=" + metric, Unit: "requests", Value: requests}
}

const flinkHeader = `
Polls of JobManagers, which answer as Flink 2.3 does, by an adapter on one core; the mean of %d rounds, 5 s apart.

 asked of each job      requests a job and round`

func flinkTable(perJob []Result, many observation) string {
	var text strings.Builder
	fmt.Fprintf(&text, flinkHeader, watchedRounds)
	for _, r := range perJob {
		fmt.Fprintf(&text, "\n %-22s %24.2f", strings.TrimPrefix(r.Case, "metric="), r.Value)
	}
	fmt.Fprintf(&text, "\n\nA round of %d jobs asked for desired: %.0f ms. From one round to the next the adapter's whole process used %.0f ms of the core.",
		polledJobs, milliseconds(many.wall)/float64(many.rounds), milliseconds(many.cpu)/float64(many.rounds))
	return text.String()
}
