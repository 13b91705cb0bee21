package server

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// polledJobs is an eachJob of these samples.
func polledJobs(samples map[flink.Key]snapshot.Sample[flink.Job]) eachJob {
	return func(f func(flink.Key, snapshot.Sample[flink.Job])) {
		for key, sample := range samples {
			f(key, sample)
		}
	}
}

func TestWhatIsShownOfAJob(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	orders := flink.Cluster{Namespace: "shop", Kind: "Job", Name: "orders"}
	unknown := flink.Reading{Err: errors.New("it settles")}
	known := func(value float64) flink.Reading { return flink.Reading{Value: value, Time: now.Add(-5 * time.Second)} }
	held := func(value float64) flink.Reading { return flink.Reading{Value: value, Time: now.Add(-time.Minute)} }
	ratios := flink.Job{Busy: known(0.7), RecordsIn: unknown, KafkaLag: unknown, TaskManagers: known(4), Desired: unknown, Memory: unknown}
	arriving := func(rates ...*float64) flink.Explanation {
		var sources []desired.Intake
		for _, rate := range rates {
			sources = append(sources, desired.Intake{Arrival: rate})
		}
		return flink.Explanation{Decision: desired.Decision{Sources: sources}}
	}
	hundred, fifty := 100.0, 50.0
	whole := flink.Job{
		Busy: known(0.7), RecordsIn: known(90), KafkaLag: known(0), TaskManagers: known(4), Desired: known(5), Memory: known(1 << 30), Explanation: arriving(&hundred, &fifty),
	}
	restarting := flink.Job{Busy: unknown, RecordsIn: held(90), KafkaLag: unknown, TaskManagers: known(4), Desired: held(5), Memory: held(1 << 30), Explanation: arriving(&hundred)}
	restarting.Explanation.Held = "it settles"
	partly := whole
	partly.Explanation = arriving(&hundred, nil)
	sample := func(job flink.Job) snapshot.Sample[flink.Job] {
		return snapshot.Sample[flink.Job]{Value: job, Time: now}
	}
	const labels = `{jobmanager="orders",kind="Job",namespace="shop"}`
	wanted := flink.NeedSources | flink.NeedDesired
	tests := []struct {
		name    string
		samples map[flink.Key]snapshot.Sample[flink.Job]
		want    string
	}{
		{"what nobody asked for is absent", map[flink.Key]snapshot.Sample[flink.Job]{{Cluster: orders}: sample(ratios)}, `
			flink_hpa_job_busy_ratio` + labels + ` 0.7
			flink_hpa_job_taskmanagers` + labels + ` 4`},
		{"everything, a true 0 too", map[flink.Key]snapshot.Sample[flink.Job]{{Cluster: orders, Needs: wanted, Kafka: "main"}: sample(whole)}, `
			flink_hpa_job_arriving_records_per_second` + labels + ` 150
			flink_hpa_job_busy_ratio` + labels + ` 0.7
			flink_hpa_job_desired_taskmanager_memory_bytes` + labels + ` 1.073741824e+09
			flink_hpa_job_desired_taskmanagers` + labels + ` 5
			flink_hpa_job_lag_records` + labels + ` 0
			flink_hpa_job_read_records_per_second` + labels + ` 90
			flink_hpa_job_taskmanagers` + labels + ` 4`},
		{"the number that is held over a restart, and nothing else that is", map[flink.Key]snapshot.Sample[flink.Job]{{Cluster: orders, Needs: wanted}: sample(restarting)}, `
			flink_hpa_job_desired_taskmanagers` + labels + ` 5
			flink_hpa_job_taskmanagers` + labels + ` 4`},
		{"arrival only when it is known of all sources", map[flink.Key]snapshot.Sample[flink.Job]{{Cluster: orders, Needs: wanted}: sample(partly)}, `
			flink_hpa_job_busy_ratio` + labels + ` 0.7
			flink_hpa_job_desired_taskmanager_memory_bytes` + labels + ` 1.073741824e+09
			flink_hpa_job_desired_taskmanagers` + labels + ` 5
			flink_hpa_job_lag_records` + labels + ` 0
			flink_hpa_job_read_records_per_second` + labels + ` 90
			flink_hpa_job_taskmanagers` + labels + ` 4`},
		{"one series of several questions, by the one that knows more", map[flink.Key]snapshot.Sample[flink.Job]{
			{Cluster: orders}: sample(ratios), {Cluster: orders, Needs: wanted, Kafka: "main"}: sample(whole), {Cluster: orders, Needs: wanted}: sample(restarting),
		}, `
			flink_hpa_job_arriving_records_per_second` + labels + ` 150
			flink_hpa_job_busy_ratio` + labels + ` 0.7
			flink_hpa_job_desired_taskmanager_memory_bytes` + labels + ` 1.073741824e+09
			flink_hpa_job_desired_taskmanagers` + labels + ` 5
			flink_hpa_job_lag_records` + labels + ` 0
			flink_hpa_job_read_records_per_second` + labels + ` 90
			flink_hpa_job_taskmanagers` + labels + ` 4`},
		{"nothing of a job whose sample is no good", map[flink.Key]snapshot.Sample[flink.Job]{{Cluster: orders}: snapshot.Fail[flink.Job](snapshot.ErrStale)}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			registry := prometheus.NewPedanticRegistry()
			registry.MustRegister(newJobGauges(polledJobs(test.samples)))
			wantMetrics(t, registry, test.want, "flink_hpa_job_arriving_records_per_second", "flink_hpa_job_busy_ratio", "flink_hpa_job_desired_taskmanagers", "flink_hpa_job_desired_taskmanager_memory_bytes",
				"flink_hpa_job_lag_records", "flink_hpa_job_read_records_per_second", "flink_hpa_job_taskmanagers")
			if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) != 0 {
				t.Errorf("Prometheus' own rules: %v, %v", problems, err)
			}
		})
	}
}

// BenchmarkScrapeOfJobs is what a scrape costs with 17,000 jobs.
func BenchmarkScrapeOfJobs(b *testing.B) {
	now, arrival := time.Unix(1_000_000, 0), 100.0
	known := flink.Reading{Value: 4, Time: now}
	job := flink.Job{Busy: known, RecordsIn: known, KafkaLag: known, TaskManagers: known, Desired: known, Explanation: flink.Explanation{
		Decision: desired.Decision{Sources: []desired.Intake{{Arrival: &arrival}}},
	}}
	samples := map[flink.Key]snapshot.Sample[flink.Job]{}
	for i := range 17_000 {
		key := flink.Key{Cluster: flink.Cluster{Namespace: "shop", Kind: "Job", Name: fmt.Sprintf("orders-%d", i)}, Needs: flink.NeedSources | flink.NeedDesired}
		samples[key] = snapshot.Sample[flink.Job]{Value: job, Time: now}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(newJobGauges(polledJobs(samples)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
