package server

import "github.com/prometheus/client_golang/prometheus"

// sampleAges tells at each scrape how old the oldest value of each source is.
type sampleAges struct {
	sources *sources
	desc    *prometheus.Desc
}

var _ prometheus.Collector = (*sampleAges)(nil)

func newSampleAges(sources *sources) *sampleAges {
	return &sampleAges{sources, prometheus.NewDesc("flink_hpa_sample_age_seconds",
		"Age of the oldest value that is held of what is polled. Absent while there is none.", []string{sourceLabel}, nil)}
}

// Describe implements prometheus.Collector.
func (a *sampleAges) Describe(descs chan<- *prometheus.Desc) { descs <- a.desc }

// Collect implements prometheus.Collector.
func (a *sampleAges) Collect(metrics chan<- prometheus.Metric) {
	for _, source := range a.sources.current.Load().all() {
		if age, ok := source.loop.OldestSample(); ok {
			metrics <- prometheus.MustNewConstMetric(a.desc, prometheus.GaugeValue, age.Seconds(), source.name)
		}
	}
}
