package desired

import (
	"testing"
	"time"
)

// A job is watched at 4, and then at another parallelism. It reads 100/s for each subtask at first.
func TestIneffectiveScaleUps(t *testing.T) {
	at := func(p int, busy, in float64) Job {
		return newJob(source(p, .1, in, arrival(5000)), sink(p, busy, in))
	}
	tests := []struct {
		name string
		then Job
		held bool
	}{
		{"twice the subtasks, twice the capacity", at(8, 1, 800), false},
		{"half of what was due is something", at(8, 1, 600), false},
		{"a tenth of it is", at(8, 1, 440), false},
		{"less is not", at(8, 1, 439), true},
		{"nor is a loss", at(8, 1, 300), true},
		{"a vertex that waits is not judged", at(8, .59, 230), false},
		{"nothing can be told of one without records", at(8, 1, 0), false},
		{"the same parallelism is no scale-up", at(4, 1, 300), false},
		{"fewer are none either", at(3, 1, 200), false},
		{"another bottleneck since does not matter", newJob(source(8, 1, 420, arrival(5000)), sink(8, .9, 378)), true},
		{"a vertex that is gone can't be judged", newJob(source(8, 1, 420, arrival(5000))), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			first, memory := Decide(at(4, 1, 400), DefaultRules(), Memory{})
			if first.TaskManagers <= 8 {
				t.Fatalf("the first window asks for %d only", first.TaskManagers)
			}
			got, _ := Decide(test.then, DefaultRules(), memory)
			if got.Has(HeldByIneffective) != test.held || test.held != (got.TaskManagers == test.then.TaskManagers && got.Has(MoreNeeded)) {
				t.Errorf("held %v, want %v\n%s", got.Has(HeldByIneffective), test.held, got.Text())
			}
		})
	}
}

func TestAnIneffectiveScaleUpIsRememberedForAWhile(t *testing.T) {
	rules := DefaultRules()
	job := func(p int, after time.Duration) Job {
		j := newJob(source(p, 1, 400, arrival(5000)))
		j.Now = j.Now.Add(after)
		return j
	}
	_, memory := Decide(job(4, 0), rules, Memory{})
	for _, step := range []struct {
		after time.Duration
		held  bool
	}{{time.Minute, true}, {2 * time.Minute, true}, {10 * time.Minute, true}, {11 * time.Minute, false}, {12 * time.Minute, false}} {
		var got Decision
		j := job(8, step.after)
		got, memory = Decide(j, rules, memory)
		if got.Has(HeldByIneffective) != step.held {
			t.Errorf("after %s: held %v, want %v", step.after, got.Has(HeldByIneffective), step.held)
		}
		if again, same := Decide(j, rules, memory); again.TaskManagers != got.TaskManagers || same != memory {
			t.Errorf("after %s: decided again with what was remembered, it is another decision", step.after)
		}
	}
	easy := newJob(source(8, .2, 400))
	easy.Now = easy.Now.Add(2 * time.Minute)
	if got, _ := Decide(easy, rules, Memory{Parallelism: 8, Until: easy.Now.Add(time.Minute)}); got.TaskManagers != 3 {
		t.Errorf("fewer are asked for all the same: got %d, want 3", got.TaskManagers)
	}
}
