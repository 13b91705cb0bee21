package bed

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"
)

// Kustomize merges a policy's HPA into the sample's: what is set in the sample alone would stay.
func TestThePoliciesHPAsAreWhole(t *testing.T) {
	sample, _ := readHPA(t, "flink-reactive")
	for _, policy := range Policies() {
		t.Run(policy, func(t *testing.T) {
			own, want := readHPA(t, "hpa-"+policy)
			merged, err := strategicpatch.StrategicMergePatch(sample, own, autoscalingv2.HorizontalPodAutoscaler{})
			if err != nil {
				t.Fatal(err)
			}
			var got autoscalingv2.HorizontalPodAutoscaler
			if err := json.Unmarshal(merged, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the sample's HPA shows through (-hpa.yaml +merged):\n%s", diff)
			}
			if len(want.Spec.Metrics) != 1 {
				t.Errorf("the HPA has %d metrics, want one", len(want.Spec.Metrics))
			}
		})
	}
}

// The policies are compared with each other: what they may pay for is the same.
func TestThePoliciesHPAsHaveTheSampleLimits(t *testing.T) {
	_, sample := readHPA(t, "flink-reactive")
	for _, policy := range Policies() {
		_, hpa := readHPA(t, "hpa-"+policy)
		if *hpa.Spec.MinReplicas != *sample.Spec.MinReplicas || hpa.Spec.MaxReplicas != sample.Spec.MaxReplicas {
			t.Errorf("%s scales from %d to %d, the sample from %d to %d", policy,
				*hpa.Spec.MinReplicas, hpa.Spec.MaxReplicas, *sample.Spec.MinReplicas, sample.Spec.MaxReplicas)
		}
	}
}

// A step on the way to the desired number would be a restart of the job.
func TestTheDesiredHPAReachesAnyNumberInOneStep(t *testing.T) {
	_, hpa := readHPA(t, "hpa-desired")
	up, down := hpa.Spec.Behavior.ScaleUp, hpa.Spec.Behavior.ScaleDown
	if up.Tolerance == nil || !up.Tolerance.IsZero() || down.Tolerance == nil || !down.Tolerance.IsZero() {
		t.Errorf("tolerances are %v up and %v down, want 0", up.Tolerance, down.Tolerance)
	}
	if p := up.Policies[0]; p.Type != autoscalingv2.PodsScalingPolicy || *hpa.Spec.MinReplicas+p.Value < hpa.Spec.MaxReplicas {
		t.Errorf("%d %s at a time don't lead from %d to %d", p.Value, p.Type, *hpa.Spec.MinReplicas, hpa.Spec.MaxReplicas)
	}
	if p := down.Policies[0]; p.Type != autoscalingv2.PercentScalingPolicy || p.Value != 100 {
		t.Errorf("%d %s at a time don't lead from %d to %d", p.Value, p.Type, hpa.Spec.MaxReplicas, *hpa.Spec.MinReplicas)
	}
}

// readHPA reads a sample's hpa.yaml, as JSON and as what it says.
func readHPA(t *testing.T, folder string) ([]byte, autoscalingv2.HorizontalPodAutoscaler) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "manifests", "samples", folder, "hpa.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var hpa autoscalingv2.HorizontalPodAutoscaler
	if err := yaml.UnmarshalStrict(text, &hpa); err != nil {
		t.Fatalf("%s: %v", folder, err)
	}
	data, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return data, hpa
}
