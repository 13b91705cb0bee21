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
	PartAdapter   = "adapter"   // memory of the adapter with consumer groups
	PartAdmission = "admission" // time that the webhook adds
	PartReads     = "reads"     // time that a read through the API server takes
	PartFlink     = "flink"     // polls of JobManagers
	PartJobs      = "jobs"      // memory of the adapter with JobManagers
)

// Parts are all of them, in the order in which they run.
func Parts() []string {
	return []string{PartKafka, PartAdapter, PartAdmission, PartReads, PartFlink, PartJobs}
}

// Run runs parts of the benchmark and prints what they find. What is known after each is in out/bench.json of the checkout.
func Run(ctx context.Context, root string, parts []string, out io.Writer) error {
	r := &report{file: filepath.Join(root, "out", "bench.json")}
	if slices.Contains(parts, PartKafka) {
		if err := r.add(Kafka(ctx, out)); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(parts, func(part string) bool { return part != PartKafka }) {
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
	for _, part := range []struct {
		name string
		run  func(context.Context, *bed.Bed, string) ([]Result, error)
	}{{PartAdapter, AdapterMemory}, {PartAdmission, Admission}, {PartReads, Reads}} {
		if slices.Contains(parts, part.name) {
			if err := r.add(part.run(ctx, b, root)); err != nil {
				return err
			}
		}
	}
	if !slices.Contains(parts, PartFlink) && !slices.Contains(parts, PartJobs) {
		return nil
	}
	return r.addFromJobs(ctx, b, root, parts)
}

// addFromJobs runs the parts that need JobManagers.
func (r *report) addFromJobs(ctx context.Context, b *bed.Bed, root string, parts []string) (err error) {
	managers, err := startJobManagers(ctx, askedJobs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, managers.close()) }()
	template, err := jobManager(filepath.Join(root, "manifests", "samples", "flink-reactive", "jobmanager.yaml"))
	if err != nil {
		return err
	}
	jobs, err := newJobPods(ctx, b, template, managers.port)
	if err != nil {
		return err
	}
	if slices.Contains(parts, PartFlink) {
		if err := r.add(Flink(ctx, b, root, jobs, managers)); err != nil {
			return err
		}
	}
	if slices.Contains(parts, PartJobs) {
		return r.add(JobsMemory(ctx, b, root, jobs, managers))
	}
	return nil
}
