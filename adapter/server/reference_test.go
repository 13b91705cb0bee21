package server

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/apiservice"
	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/rules"
	"github.com/flink-hpa/flink-hpa/internal/telemetry"
	"github.com/flink-hpa/flink-hpa/internal/telemetry/reference"
)

// The rules and the dashboard are checked against the documentation, in a module of its own.
func TestTheDocumentationListsTheMetricsThatThereAre(t *testing.T) {
	var registered reference.Recorder
	if _, err := newOwnMetrics(&registered); err != nil {
		t.Fatal(err)
	}
	registered.MustRegister(
		newSampleAges(nil), newJobGauges(nil), newServed(&answering{}, clock.RealClock{}), telemetry.CertificateExpiry("adapter", nil),
		rules.New(rules.Options{}),
		flink.NewOverrides(fake.NewClientset(), nil, "", clock.RealClock{}), apiservice.NewWatch(nil, nil, "", clock.RealClock{}),
	)
	documented, err := reference.Documented("../../docs/operations.md", "## The adapter's metrics")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(reference.Described(registered.Collectors...), documented); diff != "" {
		t.Errorf("docs/operations.md differs from the metrics that are registered (-registered +documented):\n%s", diff)
	}
}
