package rule

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

func TestEachSampleCompiles(t *testing.T) {
	paths, err := filepath.Glob("../../manifests/samples/rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var kind struct{ Kind string }
		if err := yaml.Unmarshal(data, &kind); err != nil || kind.Kind != v1alpha1.Kind {
			continue
		}
		tried++
		var rule v1alpha1.ScalingRule
		if err := yaml.UnmarshalStrict(data, &rule); err != nil {
			t.Errorf("%s: %v", path, err)
		} else if _, err := Compile(rule.Spec, serves); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if tried < 7 {
		t.Errorf("only %d samples are tried", tried)
	}
}
