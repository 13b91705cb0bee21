//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAHotKeyIsNoReasonForMoreTaskManagers(t *testing.T) {
	t.Parallel()
	const records = 20_000 // of one key: hours of work for one subtask, and nothing for the other
	j := startJob(t, jobSpec{Name: "flink-skew", Topic: "shop.orders", TaskManagers: 2, Micros: 1_000_000})
	hot := strings.Repeat("hot", 40) // long, so that few records fit into Flink's buffers
	j.runs(t)
	send(t, j.Topic, hot, records)
	j.settles(t, 2, 0)
	eventually(t, known, "the lag is what has not been read", func(ctx context.Context) error {
		err := j.lagIs(records)(ctx)
		if errors.Is(err, errWrong) { // nothing was written since long before the job had settled
			t.Fatal(err)
		}
		return err
	})
	send(t, j.Topic, hot, records/2)
	eventually(t, rounds, "the lag is what has not been read, when there is more", j.lagIs(records+records/2))
	always(t, 15*time.Second, "the TaskManagers that there are are enough", j.tells(desiredMetric, 2, 2))

	codes, err := j.reasons(t.Context())
	if err != nil || !slices.Contains(codes, "skewed") {
		t.Errorf("the reasons are %v, %v; skewed is not among them", codes, err)
	}
}

var errWrong = errors.New("the lag is not what has not been read")

// lagIs is content when the lag that is told is what was written but for what Flink's source has counted, within what it reads
// between two refreshes of Flink's metrics. It is errWrong when the lag is another.
func (j flinkJob) lagIs(written float64) func(context.Context) error {
	const between = 100
	return func(ctx context.Context) error {
		lag, err := j.read(ctx, kafkaLagMetric)
		if err != nil {
			return err
		}
		job, err := j.flink.Job(ctx)
		if err != nil {
			return err
		}
		read, ok, err := j.flink.VertexMetric(ctx, job.ID, job.Vertices[0], "Source__input.numRecordsIn")
		switch {
		case err != nil:
			return err
		case !ok:
			return errors.New("the JobManager does not have the source's count")
		case math.Abs(lag+read-written) > between:
			return fmt.Errorf("%w: it is %v, and %v of %v records are read", errWrong, lag, read, written)
		}
		return nil
	}
}

// reasons are the codes of the reasons why so many TaskManagers are wanted.
func (j flinkJob) reasons(ctx context.Context) ([]string, error) {
	answer, err := raw(ctx, j.Name, desiredMetric, strings.ReplaceAll(jobManagerLabels, "=", "%3D")+"&explain=json")
	if err != nil {
		return nil, err
	}
	var explanation struct {
		Decision struct{ Reasons []struct{ Code, Text string } }
	}
	if err := json.Unmarshal([]byte(answer), &explanation); err != nil {
		return nil, fmt.Errorf("%w: %s", err, answer)
	}
	var codes []string
	for _, reason := range explanation.Decision.Reasons {
		if reason.Text == "" {
			return nil, fmt.Errorf("reason %s is without a text", reason.Code)
		}
		codes = append(codes, reason.Code)
	}
	return codes, nil
}
