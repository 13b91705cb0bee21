package flink

import (
	"slices"
	"testing"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

func TestWhatMakesAnotherJobGraph(t *testing.T) {
	vertices := func() []rest.Vertex {
		return []rest.Vertex{
			{ID: sourceID, Name: "source", Parallelism: 2, MaxParallelism: 128, Tasks: map[string]int{"RUNNING": 2}},
			{ID: workID, Name: "work", Parallelism: 2, MaxParallelism: 128, Tasks: map[string]int{"RUNNING": 2}},
		}
	}
	for _, test := range []struct {
		name   string
		change func([]rest.Vertex) []rest.Vertex
		same   bool
	}{
		{"nothing changed", func(v []rest.Vertex) []rest.Vertex { return v }, true},
		{"a rescale", func(v []rest.Vertex) []rest.Vertex { v[0].Parallelism, v[1].Parallelism = 3, 3; return v }, true},
		{"a vertex has finished", func(v []rest.Vertex) []rest.Vertex { v[0].Tasks = map[string]int{"FINISHED": 2}; return v }, true},
		{"another order", func(v []rest.Vertex) []rest.Vertex { slices.Reverse(v); return v }, true},
		{"another max parallelism", func(v []rest.Vertex) []rest.Vertex { v[1].MaxParallelism = 256; return v }, false},
		{"another vertex", func(v []rest.Vertex) []rest.Vertex { v[1].ID = sinkID; return v }, false},
		{"one more", func(v []rest.Vertex) []rest.Vertex { return append(v, rest.Vertex{ID: sinkID, MaxParallelism: 128}) }, false},
		{"one fewer", func(v []rest.Vertex) []rest.Vertex { return v[:1] }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if same := graphOf(test.change(vertices())) == graphOf(vertices()); same != test.same {
				t.Errorf("it is the same graph: %t", same)
			}
		})
	}
}

func TestTheRoomOfAJobIsAskedFor(t *testing.T) {
	b := newBed(t)
	s := b.stub("orders-0")
	s.change(func(s *stub) { // needs more than its two TaskManagers
		s.vertices[1].numbers = steady(counters{Times: rest.Times{Busy: 1}, in: 100}).numbers
	})
	key := Key{Cluster: ordersJob, Needs: needDesired}
	if job := b.ready(key)[key]; job.Desired.Err != nil || job.Desired.Value <= 2 {
		t.Fatalf("without limits: %+v", job.Desired)
	}
	b.opts.Room = func(cluster Cluster) *desired.Room {
		if cluster != ordersJob {
			t.Errorf("the room of %s is asked for", cluster)
		}
		return &desired.Room{Most: 2, Reason: desired.Reason{Code: desired.HeldByRoom, Text: "no node"}}
	}
	job := b.rounds(1, key)[key]
	wantReading(t, "desired", job.Desired, 2, nil)
	if !job.Explanation.Decision.Has(desired.HeldByRoom) {
		t.Errorf("reasons %+v", job.Explanation.Decision.Reasons)
	}
}
