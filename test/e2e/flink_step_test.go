//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/adapter/audit"
	"github.com/flink-hpa/flink-hpa/test/load"
)

// TestAStepOfLoadTakesTwoRescalesUpwardsAtMost starts its job and looks at it, while the tests run that can't run beside others, and
// judges when those are done.
func TestAStepOfLoadTakesTwoRescalesUpwardsAtMost(t *testing.T) {
	const (
		before, after = 60, 300 // records/s; one TaskManager does 125
		quiet         = 2 * time.Minute
		reaches       = 4 * time.Minute // from the step to the last rescale, at most
		still         = 5 * time.Minute // from then on
	)
	j := startJob(t, jobSpec{Name: "flink-step", Topic: "step", TaskManagers: 1, Scaled: true, Micros: 8000})
	j.runs(t)
	start := time.Now()
	_, stop := produceTo(t, j.Topic, load.Step{From: before, To: after, At: quiet})
	looks := j.watch(t)
	t.Parallel()

	end := quiet + reaches + still
	eventually(t, end, "the load has lasted long enough", func(context.Context) error {
		if lasted := time.Since(start); lasted < end {
			return fmt.Errorf("it has lasted %s", lasted.Round(time.Second))
		}
		return nil
	})
	changes := looks()
	for _, c := range changes {
		t.Logf("%4.0f s: %s", c.at.Sub(start).Seconds(), c.size)
	}
	// What was missed while TaskManagers started may ask for one more than the load does, which is given back once it has been caught up with.
	up, down, last := 0, 0, size{1, 1}
	for _, c := range changes {
		since := c.at.Sub(start)
		if c.size != last && (since < quiet || since > quiet+reaches) {
			t.Errorf("after %s, with the step after %s, there are %s", since.Round(time.Second), quiet, c.size)
		}
		switch {
		case c.parallelism > last.parallelism:
			up++
		case c.parallelism < last.parallelism:
			down += last.parallelism - c.parallelism
		}
		last = c.size
	}
	if up > 2 || down > 1 {
		t.Errorf("the job rescaled upwards %d times, more than twice, or gave back %d TaskManagers, more than one", up, down)
	}
	if last.replicas != last.parallelism || last.parallelism < 3 || last.parallelism > 5 {
		t.Errorf("in the end there are %s; %d records/s need 3 to 5", last, after)
	}
	j.keepsUp(t, after)
	stop()
	j.changesAreTold(t)
}

// changesAreTold sees to it that Events on the HPA tell of each change of the desired number, each once, and of the outcome of some.
func (j flinkJob) changesAreTold(t *testing.T) {
	t.Helper()
	told, err := cluster.Client.EventsV1().Events(j.Name).List(t.Context(), metav1.ListOptions{FieldSelector: "regarding.kind=HorizontalPodAutoscaler"})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(told.Items, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
	const twoRounds = 10 * time.Second // which one replica takes at least to tell the same again: it goes back in between
	changed, outcomes := map[string]time.Time{}, 0
	for _, event := range told.Items {
		var from, to int
		switch event.Reason {
		case audit.ReasonOutcome:
			outcomes++
		case audit.ReasonChanged:
			if _, err := fmt.Sscanf(event.Note, "from %d to %d TaskManagers", &from, &to); err != nil {
				t.Errorf("%s: %v", event.Note, err)
			}
			change := fmt.Sprintf("from %d to %d", from, to)
			if before, ok := changed[change]; ok && event.EventTime.Sub(before) < twoRounds-time.Second {
				t.Errorf("a change %s is told twice, so by two replicas", change)
			}
			changed[change] = event.EventTime.Time
		default:
			continue
		}
		t.Logf("%s %s: %s", event.EventTime.UTC().Format(time.TimeOnly), event.Reason, event.Note)
	}
	if len(changed) == 0 || outcomes == 0 {
		t.Errorf("%d changes are told, and %d outcomes", len(changed), outcomes)
	}
}

// size is how big a job is, and is to be.
type size struct{ replicas, parallelism int }

func (s size) String() string {
	return fmt.Sprintf("%d replicas, parallelism %d", s.replicas, s.parallelism)
}

type change struct {
	at time.Time
	size
}

// watch looks at the job's size from when it runs. The function that it returns stops that, and tells when the size changed.
func (j flinkJob) watch(t *testing.T) func() []change {
	ctx, cancel := context.WithCancel(t.Context())
	var changes []change
	var looking sync.WaitGroup
	stop := func() []change {
		cancel()
		looking.Wait()
		return changes
	}
	t.Cleanup(func() { stop() })
	looking.Go(func() {
		for ; ctx.Err() == nil; time.Sleep(time.Second) { // between two looks
			now, err := j.size(ctx)
			if err != nil {
				continue // the JobManager starts, or the job does
			}
			if n := len(changes); n == 0 || changes[n-1].size != now {
				changes = append(changes, change{time.Now(), now})
			}
		}
	})
	return stop
}

func (j flinkJob) size(ctx context.Context) (size, error) {
	deployment, err := cluster.Client.AppsV1().Deployments(j.Name).Get(ctx, "flink-taskmanager", metav1.GetOptions{})
	if err != nil {
		return size{}, err
	}
	job, err := j.flink.Job(ctx)
	if err == nil && !job.AllRun() {
		err = fmt.Errorf("job %s is %s", job.ID, job.State)
	}
	return size{int(*deployment.Spec.Replicas), job.Parallelism()}, err
}

// keepsUp sees to it that the job's group is behind by no more than what comes between two checkpoints, by Kafka's own word.
func (j flinkJob) keepsUp(t *testing.T, rate int64) {
	t.Helper()
	client, err := load.Connect([]string{cluster.Kafka})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	probe, err := load.NewProbe(client)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, rounds, "the job keeps up", func(context.Context) error {
		committed, err := probe.Committed(j.Name, j.Topic)
		if err != nil {
			return err
		}
		ends, err := probe.LogEndOffsets(j.Topic)
		if err != nil {
			return err
		}
		if lag, ok := ends.Behind(committed); !ok || lag > 15*rate {
			return fmt.Errorf("the lag is %d, %v", lag, ok)
		}
		return nil
	})
}
