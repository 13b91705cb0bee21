package bench

import (
	"context"
	"errors"
	"os"
	"runtime"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/process"
)

const constantAnswer = "an adapter that answers a constant"

// Reads measures how long a read of a metric takes through the API server of a bed: of the adapter, which polls a thousand
// groups meanwhile, and of one that answers a constant, by turns, since a cluster has one server of external metrics. It ends
// the bed's own adapter.
func Reads(ctx context.Context, b *bed.Bed, root string) (results []Result, err error) {
	c, err := startCluster()
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.addGroups(ctx, askedGroups); err != nil {
		return nil, err
	}
	ours, err := startAdapter(ctx, b, root, c.configuration())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ours.close()) }()
	if err := askAll(ctx, ours.client, lagQuestions(askedGroups)); err != nil {
		return nil, err
	}
	baseline, err := startConstant(ctx, b)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, baseline.close()) }()
	t, err := readByTurns(ctx, b, ours, baseline)
	if err != nil {
		return nil, err
	}
	b.Line(readsTable, len(t.with), askedGroups, runtime.NumCPU(),
		constantAnswer, quantile(t.without, 0.5), quantile(t.without, 0.99), "flink-hpa", quantile(t.with, 0.5), quantile(t.with, 0.99))
	return readResults(t), nil
}

const readsTable = `
Reads of a consumer group's lag through the API server, one after the other: %d of each adapter, in blocks by turns, while
%d groups are polled; %d cores for all.

 answered by                            p50, ms  p99, ms
 %-36s %9.2f%9.2f
 %-36s %9.2f%9.2f`

func readResults(t timings) []Result {
	var results []Result
	for _, q := range []struct {
		name string
		at   float64
	}{{"read_p50_ms", 0.5}, {"read_p99_ms", 0.99}} {
		results = append(results, Result{
			Name: q.name, Case: "metric=" + lagMetric, Unit: "ms", Value: quantile(t.with, q.at),
			Baseline: new(quantile(t.without, q.at)), BaselineName: constantAnswer,
		})
	}
	return results
}

func startConstant(ctx context.Context, b *bed.Bed) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startServer(ctx, b, ConstantCommand, process.Spec{Path: program, Args: []string{
		ConstantCommand, "--lister-kubeconfig=" + b.Kubeconfig, "--authentication-kubeconfig=" + b.Kubeconfig, "--authorization-kubeconfig=" + b.Kubeconfig,
	}})
}
