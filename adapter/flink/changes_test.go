package flink

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

func wants(n int) desired.Decision {
	return desired.Decision{TaskManagers: n, Bottleneck: "work", Reasons: []desired.Reason{{Code: desired.MoreNeeded, Text: "it needs more"}}}
}

func fares(after time.Duration, taskManagers int) Condition {
	return Condition{Time: at(after), TaskManagers: taskManagers, Busy: 0.5, Arrival: new(100.0), Backlog: new(20.0)}
}

func TestAChangeIsToldAndSoIsItsOutcome(t *testing.T) {
	var c changes
	var measured restarts
	for _, step := range []struct {
		name    string
		n       int
		fares   Condition
		rescale time.Duration // that was seen since the step before
		news    []string
	}{
		{"at first it fits", 1, fares(0, 1), 0, nil},
		{"more are needed", 3, fares(time.Minute, 1), 0, []string{"from 1 to 3 TaskManagers: more_needed; 1 running, busy 50%, 100 records/s arriving, 20 records behind"}},
		{"the same again is no news", 3, fares(2*time.Minute, 1), 0, nil},
		{"just before the outcome is looked at", 3, fares(4*time.Minute-1, 3), 7 * time.Second, nil},
		{"the outcome, and how long the rescale took", 3, fares(4*time.Minute, 3), 0,
			[]string{"3 running, busy 50%, 100 records/s arriving, 20 records behind; the job was interrupted for 7.0 s"}},
		{"it is told once", 3, fares(8*time.Minute, 3), 0, nil},
		{"fewer", 2, fares(9*time.Minute, 3), 0, []string{"from 3 to 2 TaskManagers: more_needed; 3 running, busy 50%, 100 records/s arriving, 20 records behind"}},
		{"the next change ends the one before, without a rescale", 4, fares(10*time.Minute, 3), 0, []string{
			"3 running, busy 50%, 100 records/s arriving, 20 records behind",
			"from 2 to 4 TaskManagers: more_needed; 3 running, busy 50%, 100 records/s arriving, 20 records behind",
		}},
	} {
		if step.rescale > 0 {
			measured.took, measured.count = append(measured.took, step.rescale), measured.count+1
		}
		var news []string
		for _, change := range c.see(wants(step.n), step.fares, &measured) {
			if outcome := change.Outcome(); outcome != "" {
				news = append(news, outcome)
			} else {
				news = append(news, change.Text())
			}
		}
		if diff := cmp.Diff(step.news, news); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

func TestTheFirstDecisionIsComparedWithWhatRuns(t *testing.T) {
	var c changes
	news := c.see(wants(4), fares(0, 2), &restarts{})
	if len(news) != 1 || news[0].From != 2 || news[0].To != 4 {
		t.Errorf("the news is %+v", news)
	}
}

func TestFiftyChangesAreKeptAndWhatWasGivenAwayStays(t *testing.T) {
	var c changes
	var before []Change
	for i := range changesKept + 10 {
		c.see(wants(1+i%2), fares(time.Duration(i)*time.Minute, 1), &restarts{})
		if i == 20 {
			before = c.kept
		}
	}
	if len(c.kept) != changesKept || c.kept[0].Time != at(10*time.Minute) {
		t.Errorf("%d are kept, the oldest of %s", len(c.kept), c.kept[0].Time)
	}
	if n := len(before); n != 20 || before[n-1].After != nil {
		t.Errorf("the history of before has %d changes, and the outcome of the last is %v", n, before[n-1].After)
	}
}

func TestWhatIsNotKnownOfASourceIsNotAdded(t *testing.T) {
	r, _, _ := threeVertices(t)
	decision := wants(1)
	decision.Sources = []desired.Intake{{Arrival: new(40.0), Backlog: new(5.0)}, {Arrival: new(2.0), Backlog: new(1.0)}}
	if got := conditionOf(r, decision); *got.Arrival != 42 || *got.Backlog != 6 || got.Busy != 0.5 {
		t.Errorf("of two sources: %+v", got)
	}
	decision.Sources[1].Backlog = nil
	if got := conditionOf(r, decision); got.Arrival != nil || got.Backlog != nil {
		t.Errorf("with one that is not known: %+v", got)
	}
}

func TestTheHistoryIsInTheExplanation(t *testing.T) {
	b := newBed(t)
	var heard []Change
	b.opts.Changed = func(_ context.Context, cluster Cluster, change Change) {
		if cluster != ordersJob {
			t.Errorf("the change is of %s", cluster)
		}
		heard = append(heard, change)
	}
	b.stub("orders-0").change(func(s *stub) { // it needs one TaskManager of its two
		s.vertices[1].numbers = steady(counters{Times: rest.Times{Busy: 0.1, Idle: 0.9}, in: 100}).numbers
	})
	key := Key{Cluster: ordersJob, Needs: needDesired}
	explanation := b.ready(key)[key].Explanation
	if diff := cmp.Diff(heard, explanation.History); diff != "" || len(heard) != 1 {
		t.Fatalf("heard and told (-heard +told):\n%s", diff)
	}
	if text := explanation.Text(); !strings.Contains(text, "\nchanges, the newest first:\n") || !strings.Contains(text, "-> too early to say") {
		t.Errorf("the text is %s", text)
	}
	explanation.History = []Change{}
	if text := explanation.Text(); !strings.Contains(text, "none since the adapter has watched the job") {
		t.Errorf("without any, the text is %s", text)
	}
}
