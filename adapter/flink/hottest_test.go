package flink

import (
	"testing"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

func TestTheBusiestSubtask(t *testing.T) {
	e := epoch{job: jobID, running: 1}
	times := func(busy ...float64) (all []rest.Times) { // ms of so many seconds
		for _, ms := range busy {
			all = append(all, rest.Times{Busy: ms, Idle: 100_000 - ms})
		}
		return all
	}
	after := func(seconds float64, busy ...float64) subtasksLook {
		look := subtasksLook{now: int64(1000 * seconds)}
		for _, share := range busy {
			look.times = append(look.times, rest.Times{Busy: share * 1000 * seconds, Idle: (1 - share) * 1000 * seconds})
		}
		return look
	}
	tests := []struct {
		name   string
		looks  []subtasksLook
		epoch  epoch
		vertex string
		want   float64
	}{
		{"the share of the busiest", []subtasksLook{after(100, 0.25, 0.875), after(120, 0.25, 0.875)}, e, workID, 0.875},
		{"over the window alone", []subtasksLook{after(60, 1), after(100, 0.25), after(120, 0.5)}, e, workID, 1},
		{"seen once", []subtasksLook{after(100, 0.5)}, e, workID, 0},
		{"seen for less than a refresh", []subtasksLook{after(100, 0.5), after(109, 0.5)}, e, workID, 0},
		{"of another vertex", []subtasksLook{after(100, 0.5), after(120, 0.5)}, e, sourceID, 0},
		{"of another epoch", []subtasksLook{after(100, 0.5), after(120, 0.5)}, epoch{job: jobID, running: 2}, workID, 0},
		{"another number of subtasks begins anew", []subtasksLook{after(100, 0.5), after(120, 0.5, 0.75)}, e, workID, 0},
		{"a subtask that stands still says nothing", []subtasksLook{{now: 100_000, times: times(500)}, {now: 120_000, times: times(500)}}, e, workID, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var h hottest
			for _, seen := range test.looks {
				h.add(e, workID, seen, length)
			}
			if got := h.share(test.epoch, test.vertex); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
