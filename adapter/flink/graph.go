package flink

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// graphOf tells a job graph from another: by its vertices, those that have finished too, and their max parallelism. How parallel they are
// is none of it, so a rescale leaves it as it is, and so does a job that starts again with the same program.
func graphOf(vertices []rest.Vertex) string {
	parts := make([]string, len(vertices))
	for i, v := range vertices {
		parts[i] = fmt.Sprintf("%s %d\n", v.ID, v.MaxParallelism)
	}
	slices.Sort(parts)
	hash := fnv.New64a()
	for _, part := range parts {
		_, _ = hash.Write([]byte(part)) // never fails
	}
	return fmt.Sprintf("%016x", hash.Sum64())
}
