package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// BenchmarkJob decodes /jobs/:id: at 1,000 jobs and a round each 5 s there are 5 ms for all that is done for a job.
func BenchmarkJob(b *testing.B) {
	for _, vertices := range []int{2, 20, 200} {
		b.Run(fmt.Sprintf("vertices=%d", vertices), func(b *testing.B) {
			data := []byte(widened(b, recorded(b, overloaded, "job"), vertices))
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				var answer jobAnswer
				if err := json.Unmarshal(data, &answer); err != nil {
					b.Fatal(err)
				}
				if job, err := answer.job(); err != nil || len(job.Vertices) != vertices {
					b.Fatalf("%d vertices, %v", len(job.Vertices), err)
				}
			}
		})
	}
}

// widened repeats the job's vertices, and their nodes in the plan, up to a number.
func widened(b *testing.B, answer string, vertices int) string {
	var job map[string]any
	if err := json.Unmarshal([]byte(answer), &job); err != nil {
		b.Fatal(err)
	}
	repeat := func(in map[string]any, key string) {
		one := in[key].([]any)
		for i := 2; len(in[key].([]any)) < vertices; i++ {
			copied := maps.Clone(one[i%2].(map[string]any))
			copied["id"] = fmt.Sprintf("%032x", i)
			in[key] = append(in[key].([]any), copied)
		}
	}
	repeat(job, "vertices")
	repeat(job["plan"].(map[string]any), "nodes")
	data, err := json.Marshal(job)
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}
