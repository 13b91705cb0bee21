package server

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// shownAge is how much older than its sample a reading may be that is shown. Readings that are held over a restart, so that HPAs go
// on, say nothing about the restart.
const shownAge = 30 * time.Second

// jobGauges shows at each scrape how the jobs fare that are polled, whatever metric is asked for. What is not known of one is absent.
type jobGauges struct {
	each   eachJob
	gauges []jobGauge
}

// eachJob calls f with each question about a job that is polled, and its newest sample.
type eachJob func(f func(flink.Key, snapshot.Sample[flink.Job]))

// jobGauge is one number of a job; ok is false when it isn't known.
type jobGauge struct {
	desc *prometheus.Desc
	of   func(flink.Job) (reading flink.Reading, ok bool)
}

var _ prometheus.Collector = (*jobGauges)(nil)

func newJobGauges(each eachJob) *jobGauges {
	gauge := func(name, help string, of func(flink.Job) (flink.Reading, bool)) jobGauge {
		return jobGauge{prometheus.NewDesc("flink_hpa_job_"+name, help, []string{"namespace", "kind", "jobmanager"}, nil), of}
	}
	known := func(of func(flink.Job) flink.Reading) func(flink.Job) (flink.Reading, bool) {
		return func(job flink.Job) (flink.Reading, bool) { r := of(job); return r, r.Err == nil }
	}
	return &jobGauges{each, []jobGauge{
		gauge("arriving_records_per_second", "Records that are written for the job's sources to read.", arrival),
		gauge("read_records_per_second", "Records that the job's sources read.", known(func(j flink.Job) flink.Reading { return j.RecordsIn })),
		gauge("lag_records", "Records between the job's own positions in Kafka and the log ends.", known(func(j flink.Job) flink.Reading { return j.KafkaLag })),
		gauge("busy_ratio", "Busy share of the time of the job's busiest vertex, 0 to 1.", known(func(j flink.Job) flink.Reading { return j.Busy })),
		gauge("taskmanagers", "TaskManagers that are registered.", known(func(j flink.Job) flink.Reading { return j.TaskManagers })),
		gauge("desired_taskmanager_memory_bytes", "Size that the process of a TaskManager should have.", known(func(j flink.Job) flink.Reading { return j.Memory })),
		gauge("desired_taskmanagers", "TaskManagers that the job is said to need. Also while that is held over a restart.", desiredNow),
	}}
}

// eachJob is an eachJob of the source that the configuration means now.
func (s *sources) eachJob(f func(flink.Key, snapshot.Sample[flink.Job])) {
	s.current.Load().jobs.jobs.Samples(f)
}

// arrival is known when it is of each of the sources.
func arrival(job flink.Job) (flink.Reading, bool) {
	if job.Desired.Err != nil || job.Explanation.Held != "" || len(job.Explanation.Decision.Sources) == 0 {
		return flink.Reading{}, false
	}
	all := flink.Reading{Time: job.Desired.Time}
	for _, source := range job.Explanation.Decision.Sources {
		if source.Arrival == nil {
			return flink.Reading{}, false
		}
		all.Value += *source.Arrival
	}
	return all, true
}

// desiredNow is what the job is said to need now, however long ago that was decided.
func desiredNow(job flink.Job) (flink.Reading, bool) {
	return flink.Reading{Value: job.Desired.Value}, job.Desired.Err == nil
}

// Describe implements prometheus.Collector.
func (j *jobGauges) Describe(descs chan<- *prometheus.Desc) {
	for _, g := range j.gauges {
		descs <- g.desc
	}
}

// told is what one answer about a job tells.
type told struct {
	key    flink.Key
	values []*float64 // as gauges
}

// Collect implements prometheus.Collector.
func (j *jobGauges) Collect(metrics chan<- prometheus.Metric) {
	all := map[flink.Cluster][]told{}
	j.each(func(key flink.Key, sample snapshot.Sample[flink.Job]) {
		if sample.Err == nil {
			all[key.Cluster] = append(all[key.Cluster], told{key, j.values(sample)})
		}
	})
	for cluster, answers := range all {
		// Of several questions about a job, one that compares it with a Kafka cluster knows more, and one that needs more, too.
		slices.SortFunc(answers, func(a, b told) int {
			return cmp.Or(cmp.Compare(b.key.Kafka, a.key.Kafka), cmp.Compare(b.key.Needs, a.key.Needs))
		})
		for i, g := range j.gauges {
			if at := slices.IndexFunc(answers, func(t told) bool { return t.values[i] != nil }); at >= 0 {
				metrics <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, *answers[at].values[i], cluster.Namespace, cluster.Kind, cluster.Name)
			}
		}
	}
}

func (j *jobGauges) values(sample snapshot.Sample[flink.Job]) []*float64 {
	values := make([]*float64, len(j.gauges))
	for i, g := range j.gauges {
		if r, ok := g.of(sample.Value); ok && (r.Time.IsZero() || sample.Time.Sub(r.Time) <= shownAge) {
			values[i] = &r.Value
		}
	}
	return values
}
