// Package bed brings up everything that flink-hpa is tried on: a real control plane, a node whose pods are local
// processes, a real Kafka broker, and flink-hpa itself, installed from its manifests. It needs Go, a JDK 17 and Maven, and
// no root; it listens on loopback addresses alone.
package bed

import (
	"fmt"
	"os"
	"path/filepath"
)

// layout is where things are.
type layout struct {
	root  string // the checkout
	cache string // what is built and fetched, for all beds of the checkout
	state string // what belongs to one run
}

// newLayout finds the folders for a bed whose state lies in state.
func newLayout(root, state string) (layout, error) {
	if _, err := os.Stat(filepath.Join(root, "manifests", "base")); err != nil {
		return layout{}, fmt.Errorf("%s is no checkout of flink-hpa: %w", root, err)
	}
	return layout{root: root, cache: filepath.Join(root, ".cache"), state: state}, nil
}

func (l layout) bin(name string) string      { return filepath.Join(l.cache, "bin", name) }
func (l layout) flinkHome() string           { return filepath.Join(l.cache, "flink") }
func (l layout) jobHome() string             { return filepath.Join(l.cache, "lag-job") }
func (l layout) kafkaLibs() string           { return filepath.Join(l.cache, "kafka", "libs") }
func (l layout) pki(name string) string      { return filepath.Join(l.state, "pki", name) }
func (l layout) log(name string) string      { return filepath.Join(l.state, "logs", name+".log") }
func (l layout) manifests(dir string) string { return filepath.Join(l.state, "manifests", dir) }
