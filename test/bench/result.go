// Package bench measures what flink-hpa costs, beside what it replaces, in the same run.
package bench

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// Result is one number in bench.json.
type Result struct {
	Name  string  `json:"name"`
	Case  string  `json:"case"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	// Baseline is the same number of what BaselineName says, measured in the same run; nil where there is none.
	Baseline     *float64 `json:"baseline,omitempty"`
	BaselineName string   `json:"baseline_name,omitempty"`
}

// Write leaves results in a file, to three decimals. It makes the file's folder when it isn't there.
func Write(file string, results []Result) error {
	results = slices.Clone(results)
	for i, r := range results {
		results[i].Value = rounded(r.Value)
		if r.Baseline != nil {
			results[i].Baseline = new(rounded(*r.Baseline))
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

func rounded(value float64) float64 { return math.Round(value*1000) / 1000 }
