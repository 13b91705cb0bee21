package desired

import (
	"testing"
	"time"
)

// Every job here needs two TaskManagers and has eight.
func TestScaleDownIsHeld(t *testing.T) {
	easy := func(changes ...func(*Vertex)) Job { return newJob(source(8, .15, 1000, changes...)) }
	ago := func(d time.Duration) time.Time { return start.Add(time.Hour - d) }
	checkpointed := func(interval, timeout, completed, failed time.Duration) Job {
		c := &Checkpoints{Enabled: true, Interval: interval, Timeout: timeout}
		if completed > 0 {
			c.Completed = ago(completed)
		}
		if failed > 0 {
			c.Failed = ago(failed)
		}
		return with(easy(), checkpoints(c))
	}
	tests := []struct {
		name string
		job  Job
		held Code // empty: it isn't
	}{
		{"undisturbed it falls", easy(), ""},
		{"a backlog", easy(backlog(15001), hottest(.9)), HeldByBacklog},
		{"what lag a healthy job shows", easy(backlog(15000)), ""},
		{"a job that rescaled just now", with(easy(), changedAgo(59*time.Second)), HeldByChange},
		{"a minute after that", with(easy(), changedAgo(time.Minute)), ""},
		{"nobody knows when it changed", with(easy(), func(j *Job) { j.Changed = time.Time{} }), ""},
		{"one hot subtask", newJob(source(8, .15, 1000, hottest(.9))), HeldBySkew},
		{"one warm subtask", newJob(source(8, .15, 1000, hottest(.79))), ""},

		{"checkpoints are off", with(easy(), checkpoints(&Checkpoints{Completed: ago(time.Second)})), HeldByCheckpointsOff},
		{"none has completed yet", checkpointed(30*time.Second, time.Minute, 0, 0), HeldByCheckpointAge},
		{"the newest failed", checkpointed(30*time.Second, time.Minute, 50*time.Second, 10*time.Second), HeldByCheckpointFailed},
		{"the first one failed", checkpointed(30*time.Second, time.Minute, 0, 10*time.Second), HeldByCheckpointFailed},
		{"one completed since", checkpointed(30*time.Second, time.Minute, 10*time.Second, 50*time.Second), ""},
		{"within an interval and the time-out", checkpointed(30*time.Second, time.Minute, 90*time.Second, 0), ""},
		{"beyond", checkpointed(30*time.Second, time.Minute, 91*time.Second, 0), HeldByCheckpointAge},
		{"a long time-out excuses five minutes", checkpointed(30*time.Second, 10*time.Minute, 330*time.Second, 0), ""},
		{"and no more", checkpointed(30*time.Second, 10*time.Minute, 331*time.Second, 0), HeldByCheckpointAge},
		{"three long intervals", checkpointed(10*time.Minute, 10*time.Minute, 30*time.Minute, 0), ""},
		{"more than three", checkpointed(10*time.Minute, 10*time.Minute, 31*time.Minute, 0), HeldByCheckpointAge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := decide(test.job, DefaultRules())
			want := 8
			if test.held == "" {
				want = 2
			}
			if got.TaskManagers != want || test.held != "" && !got.Has(test.held) {
				t.Errorf("got %d TaskManagers, want %d for %q\n%s", got.TaskManagers, want, test.held, got.Text())
			}
			if got.TaskManagers == 8 && got.Parallelism != 8 {
				t.Errorf("parallelism %d is not that of what is held", got.Parallelism)
			}
		})
	}
}

func TestCheckpointsAreLookedAtOnlyWhenTheNumberWouldFall(t *testing.T) {
	unseen := checkpoints(nil)
	tests := []struct {
		name string
		job  Job
		want int
		look bool
	}{
		{"it would fall", with(newJob(source(8, .15, 1000)), unseen), 8, true},
		{"it stays", with(newJob(source(8, .65, 1000)), unseen), 8, false},
		{"it rises", with(newJob(source(8, .8001, 1000)), unseen), 10, false},
		{"it is held for another reason", with(newJob(source(8, .15, 1000)), unseen, changedAgo(0)), 8, false},
		{"somebody has", newJob(source(8, .15, 1000)), 2, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := decide(test.job, DefaultRules())
			if got.TaskManagers != test.want || got.LooksAtCheckpoints != test.look || got.Has(HeldByCheckpointsUnseen) != test.look {
				t.Errorf("got %d TaskManagers, look %v; want %d, %v", got.TaskManagers, got.LooksAtCheckpoints, test.want, test.look)
			}
		})
	}
}

// A backlog asks for more only where more would help. The job reads 400/s with four subtasks, and 60,000 records are two and
// a half minutes of that, of which 54,000 count: 3.6/0.7 + 180/s / 111/s + 0.36 = 7.1 subtasks.
func TestWhoDoesNotAskForMore(t *testing.T) {
	tests := []struct {
		name string
		job  Job
		want int
		code Code
	}{
		{"a busy job does", newJob(source(4, .9, 400, backlog(60000))), 8, CatchingUp},
		{"one that waits for its sink does not", newJob(source(4, .55, 400, backlog(60000))), 4, Waiting},
		{"a vertex downstream may be the busy one", newJob(source(4, .1, 400, backlog(60000)), sink(4, .9, 400)), 8, CatchingUp},
		{"busy are those that have a whole share more", newJob(source(11, .55, 400, partitions(12), backlog(60000))), 12, CatchingUp},
		{"busy is the hottest, where one has the rest to read", newJob(source(4, .5, 400, backlog(60000), hottest(.7))), 4, CatchingUp},
		{"one hot subtask: no others help", newJob(source(4, .55, 400, backlog(60000), hottest(1))), 4, Skewed},
		{"it is hot in a vertex downstream", newJob(source(4, .1, 400, backlog(60000)), sink(4, .6, 400, hottest(1))), 4, Skewed},
		{"not even when far more arrives", newJob(source(4, .1, 400, arrival(4000)), sink(4, .6, 400, hottest(1))), 4, HeldBySkew},
		{"nor does a job that waits", newJob(source(4, .55, 400, arrival(4000), backlog(60000))), 4, HeldByWaiting},
		{"hot by an uneven number of partitions only", newJob(source(9, .65, 400, partitions(12), backlog(60000), hottest(.98))), 12, CatchingUp},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := decide(test.job, DefaultRules())
			if got.TaskManagers != test.want || !got.Has(test.code) {
				t.Errorf("got %d TaskManagers, want %d for %q\n%s", got.TaskManagers, test.want, test.code, got.Text())
			}
		})
	}
}
