package server

import "github.com/prometheus/client_golang/prometheus"

// sampleAges tells at each scrape how old the oldest value of each source is, and how old the configuration lets it become.
type sampleAges struct {
	sources               *sources
	age, maxAge, interval *prometheus.Desc
}

var _ prometheus.Collector = (*sampleAges)(nil)

func newSampleAges(sources *sources) *sampleAges {
	gauge := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("flink_hpa_"+name, help, []string{sourceLabel}, nil)
	}
	return &sampleAges{
		sources,
		gauge("sample_age_seconds", "Age of the oldest value that is held of what is polled. Absent while there is none."),
		gauge("sample_max_age_seconds", "Age from which a value is not served any more, as configured."),
		gauge("poll_interval_seconds", "Time between the starts of two rounds of polling, as configured."),
	}
}

// Describe implements prometheus.Collector.
func (a *sampleAges) Describe(descs chan<- *prometheus.Desc) {
	descs <- a.age
	descs <- a.maxAge
	descs <- a.interval
}

// Collect implements prometheus.Collector.
func (a *sampleAges) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, seconds float64, source *source) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, seconds, source.name)
	}
	for _, source := range a.sources.current.Load().all() {
		if age, ok := source.loop.OldestSample(); ok {
			gauge(a.age, age.Seconds(), source)
		}
		gauge(a.maxAge, source.configured.MaxAge.Seconds(), source)
		gauge(a.interval, source.configured.Interval.Seconds(), source)
	}
}
