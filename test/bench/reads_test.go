package bench

import (
	"testing"

	metrics "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

func TestTheConstant(t *testing.T) {
	list, err := theConstant.GetExternalMetric(t.Context(), "n", nil, metrics.ExternalMetricInfo{Metric: "m"})
	if err != nil || len(list.Items) != 1 || list.Items[0].Value.Value() == lag {
		t.Errorf("%+v, %v; want one value that is no group's lag", list, err)
	}
}

func TestReadResults(t *testing.T) {
	results := readResults(timings{with: []float64{2, 3, 4}, without: []float64{1, 1, 2}})
	if len(results) != 2 || results[0].Value != 3 || *results[0].Baseline != 1 || results[1].Value != 4 || *results[1].Baseline != 2 {
		t.Errorf("results %+v", results)
	}
}
