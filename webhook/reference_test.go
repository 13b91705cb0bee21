package webhook

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flink-hpa/flink-hpa/internal/telemetry"
	"github.com/flink-hpa/flink-hpa/internal/telemetry/reference"
)

// The rules and the dashboard are checked against the documentation, in a module of its own.
func TestTheDocumentationListsTheMetricsThatThereAre(t *testing.T) {
	var registered reference.Recorder
	NewMetrics(&registered)
	registered.MustRegister(&Inspector{}, telemetry.CertificateExpiry("webhook", nil))
	documented, err := reference.Documented("../docs/operations.md", "## The webhook's metrics")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(reference.Described(registered.Collectors...), documented); diff != "" {
		t.Errorf("docs/operations.md differs from the metrics that are registered (-registered +documented):\n%s", diff)
	}
}
