package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flink-hpa/flink-hpa/test/report"
)

// Compare runs the job once for each policy, under the same load, and puts the runs side by side. opts.Policy is not looked at.
//
// Each run has a bed of its own: the adapter, the JVMs and the topic start alike, and what one run has taught the adapter
// doesn't help the next. That costs half a minute a run.
//
// It leaves what Run leaves in a folder of opts.Results for each policy, and in opts.Results report.html, and beside it
// compare.json: by policy, what its summary.json holds. They are written anew after each run, so that one that is interrupted
// leaves those that it has done. It returns an error when a run failed or lost a record.
func Compare(ctx context.Context, opts Options, policies []string) error {
	if len(policies) > report.MaxJobs() {
		return fmt.Errorf("%d policies to compare: at most %d can be told apart", len(policies), report.MaxJobs())
	}
	var runs []report.Run
	var errs []error
	for _, policy := range policies {
		one := opts
		one.Policy, one.Results = policy, filepath.Join(opts.Results, policy)
		run, err := measure(ctx, one)
		if err != nil {
			return fmt.Errorf("policy %s: %w", policy, err)
		}
		if err := complete(run.Summary); err != nil {
			errs = append(errs, fmt.Errorf("policy %s: %w", policy, err))
		}
		runs = append(runs, run)
		if err := writeComparison(opts.Results, runs); err != nil {
			return err
		}
	}
	c := comparison(runs)
	fmt.Fprintf(opts.Out, "\n%s\n\n%s\nIn %s: report.html, and a folder for each run; beside it compare.json\n", c.Table.Text(), c.Headline, opts.Results)
	return errors.Join(errs...)
}

// writeComparison leaves report.html in dir and compare.json beside it.
func writeComparison(dir string, runs []report.Run) error {
	summaries := map[string]report.Summary{}
	for _, run := range runs {
		summaries[run.Policy] = run.Summary
	}
	data, err := json.MarshalIndent(summaries, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "compare.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	page, err := os.Create(filepath.Join(dir, "report.html"))
	if err != nil {
		return err
	}
	return errors.Join(report.WriteComparison(page, comparison(runs)), page.Close())
}
