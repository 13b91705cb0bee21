package webhook

import "github.com/prometheus/client_golang/prometheus"

// Describe implements prometheus.Collector. The description is made anew each time; the registry tells by the content.
func (i *Inspector) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- unmutatedPods() }

// Collect implements prometheus.Collector. A namespace is left out as long as a Flink pod in it has not been inspected: a part of the
// count would be a guess.
func (i *Inspector) Collect(metrics chan<- prometheus.Metric) {
	if !i.pods.Synced() {
		return
	}
	unmutated, unknown := map[string]int{}, map[string]bool{}
	for _, pod := range i.pods.List("") {
		v, known := i.verdict(pod)
		unknown[pod.Namespace] = unknown[pod.Namespace] || !known
		count := unmutated[pod.Namespace]
		if v.unmutated {
			count++
		}
		unmutated[pod.Namespace] = count
	}
	for namespace, count := range unmutated {
		if !unknown[namespace] {
			metrics <- prometheus.MustNewConstMetric(unmutatedPods(), prometheus.GaugeValue, float64(count), namespace)
		}
	}
}

const unmutatedHelp = "Flink pods that are labelled for injection, or in a labelled namespace, and lack what would be injected: " +
	"they were created before the label, or while the webhook did not answer."

func unmutatedPods() *prometheus.Desc {
	return prometheus.NewDesc("flink_hpa_webhook_unmutated_pods", unmutatedHelp, []string{"namespace"}, nil)
}
