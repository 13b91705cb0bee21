package rules

import "github.com/prometheus/client_golang/prometheus"

var _ prometheus.Collector = (*Rules)(nil)

// Describe implements prometheus.Collector.
func (r *Rules) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{valueDesc(), failedDesc(), decidesDesc()} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector. A rule has one of two series: its value, or that it has none.
func (r *Rules) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.state != read {
		return
	}
	decides := 0.0
	if r.opts.Leads() {
		decides = 1
	}
	gauge(decidesDesc(), decides)
	now := r.opts.Clock.Now()
	for key, s := range r.says {
		if sample := s.at(now); sample.Err != nil {
			gauge(failedDesc(), 1, key.Namespace, key.Name)
		} else {
			gauge(valueDesc(), float64(sample.Value), key.Namespace, key.Name)
		}
	}
}

func valueDesc() *prometheus.Desc {
	return prometheus.NewDesc("flink_hpa_rule_value", "TaskManagers that HPAs on the ScalingRule are told. Absent while there is no value.", []string{"namespace", "rule"}, nil)
}

func failedDesc() *prometheus.Desc {
	return prometheus.NewDesc("flink_hpa_rule_failed", "1 while the ScalingRule has no value, and HPAs on it get an error.", []string{"namespace", "rule"}, nil)
}

func decidesDesc() *prometheus.Desc {
	return prometheus.NewDesc("flink_hpa_rules_decided_here", "Whether this replica decides what ScalingRules say (1), or serves what another one has written (0). Absent where the cluster has no definition of ScalingRules.", nil, nil)
}
