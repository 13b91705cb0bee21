package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

// The parts of the benchmark.
const (
	PartKafka     = "kafka"     // polls of consumer groups
	PartAdapter   = "adapter"   // memory of the adapter
	PartAdmission = "admission" // time that the webhook adds
)

// Run runs parts of the benchmark and prints what they find. What is known after each is in out/bench.json of the checkout.
func Run(ctx context.Context, root string, parts []string, out io.Writer) error {
	r := &report{file: filepath.Join(root, "out", "bench.json")}
	if slices.Contains(parts, PartKafka) {
		if err := r.add(Kafka(ctx, out)); err != nil {
			return err
		}
	}
	if slices.Contains(parts, PartAdapter) || slices.Contains(parts, PartAdmission) {
		if err := r.addFromBed(ctx, root, parts, out); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\nAll numbers are in %s.\n", r.file)
	return nil
}

// report is what is known so far.
type report struct {
	file string
	all  []Result
}

// add takes what a part found, and writes the file anew.
func (r *report) add(results []Result, err error) error {
	if err != nil {
		return err
	}
	r.all = append(r.all, results...)
	return Write(r.file, r.all)
}

// addFromBed runs the parts that need a bed.
func (r *report) addFromBed(ctx context.Context, root string, parts []string, out io.Writer) (err error) {
	b, err := bed.Start(ctx, bed.Options{Root: root, State: filepath.Join(root, ".cache", "bench"), Out: out})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	if slices.Contains(parts, PartAdapter) {
		if err := r.add(AdapterMemory(ctx, b, root)); err != nil {
			return err
		}
	}
	if slices.Contains(parts, PartAdmission) {
		return r.add(Admission(ctx, b, root))
	}
	return nil
}
