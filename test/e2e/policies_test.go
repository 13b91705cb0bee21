//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

// The API server takes each sample as a user would apply it. It keeps none of it: the job has its HPA already.
func TestTheAPIServerTakesTheSampleOfEachPolicy(t *testing.T) {
	for _, policy := range bed.Policies() {
		t.Run(policy, func(t *testing.T) {
			folder := filepath.Join(cluster.root, "manifests", "samples", "hpa-"+policy)
			output, err := cluster.Run(t.Context(), "apply", "-k", folder, "--dry-run=server")
			if err != nil {
				t.Fatal(err)
			}
			if want := "horizontalpodautoscaler.autoscaling/" + bed.SampleTaskManager; !strings.Contains(output, want) {
				t.Errorf("the sample has no %s:\n%s", want, output)
			}
		})
	}
}
