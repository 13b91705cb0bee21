package heartbeat

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/flink-hpa/flink-hpa/test/report"
)

// result is a whole run, and the content of summary.json.
type result struct {
	DurationS    float64 `json:"duration_s"`
	Load         string  `json:"load"`         // as package load writes it
	TaskManagers int     `json:"taskmanagers"` // of each job
	Losses       []loss  `json:"losses"`
	// Comeback is from the end of the silent processes, when their containers started anew.
	Comeback comeback `json:"comeback"`
	Moments  []moment `json:"-"`
}

// write leaves summary.json, series.csv and report.html in dir.
func write(dir string, r result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"summary.json", func(w io.Writer) error {
			out := json.NewEncoder(w)
			out.SetIndent("", "  ")
			return out.Encode(r)
		}},
		{"series.csv", func(w io.Writer) error { return writeCSV(w, r.Moments) }},
		{"report.html", func(w io.Writer) error { return report.WriteComparison(w, r.comparison()) }},
	} {
		f, err := os.Create(filepath.Join(dir, file.name))
		if err != nil {
			return err
		}
		if err := errors.Join(file.write(f), f.Close()); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	return nil
}

// writeCSV writes a line for each moment. A lag that is not known is an empty cell, a job that does not run has
// parallelism 0.
func writeCSV(w io.Writer, moments []moment) error {
	lines := [][]string{{
		"t_s", "defaults_lag", "defaults_parallelism", "defaults_taskmanagers", "injected_lag", "injected_parallelism", "injected_taskmanagers",
	}}
	for _, m := range moments {
		line := []string{strconv.FormatFloat(m.T, 'f', 1, 64)}
		for _, s := range m.Jobs {
			lag := ""
			if s.Lag != nil {
				lag = strconv.FormatInt(*s.Lag, 10)
			}
			line = append(line, lag, strconv.Itoa(s.Parallelism), strconv.Itoa(s.TaskManagers))
		}
		lines = append(lines, line)
	}
	return csv.NewWriter(w).WriteAll(lines)
}

// comparison is the run as the page shows it.
func (r result) comparison() report.Comparison {
	c := report.Comparison{
		Title: "flink-hpa: a TaskManager is lost", Load: r.Load, Table: r.table(),
		Headline: fmt.Sprintf("Two jobs on %d TaskManagers each lose one that falls silent, and later one that is killed: "+
			"one job runs with Flink's defaults, one with what the webhook injects.", r.TaskManagers),
		Jobs: []string{defaults: "defaults", injected: "injected"}, Mark: "a TaskManager was lost, or came back",
	}
	for _, l := range r.Losses {
		c.Marks = append(c.Marks, l.AtS)
	}
	c.Marks = append(c.Marks, r.Comeback.AtS)
	lags, parallelisms := make([][]*float64, len(c.Jobs)), make([][]*float64, len(c.Jobs))
	for _, m := range r.Moments {
		c.Times = append(c.Times, m.T)
		for job, s := range m.Jobs {
			lag, parallelism := s.drawn()
			lags[job], parallelisms[job] = append(lags[job], lag), append(parallelisms[job], parallelism)
		}
	}
	c.Panels = []report.Panel{
		{Key: "lag", Title: "Lag", Unit: "records behind the end of the log", Lines: lags},
		{Key: "parallelism", Title: "Parallelism", Unit: "of the job while it runs", Steps: true, Lines: parallelisms},
	}
	return c
}

// drawn is a job's lag and parallelism as the plots take them.
func (s state) drawn() (lag, parallelism *float64) {
	if s.Lag != nil {
		lag = new(float64(*s.Lag))
	}
	if s.Parallelism > 0 {
		parallelism = new(float64(s.Parallelism))
	}
	return lag, parallelism
}

// verdict is what the exit code says.
func verdict(losses []loss) error {
	var errs []error
	for _, l := range losses {
		d, i := l.Defaults.RunningAfterS, l.Injected.RunningAfterS
		if d == nil || i == nil || *i >= *d {
			errs = append(errs, fmt.Errorf("when a TaskManager %s the job with injected settings ran again after %s, the one with defaults after %s",
				l.Name, seconds(i), seconds(d)))
		}
	}
	return errors.Join(errs...)
}
