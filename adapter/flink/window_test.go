package flink

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

func TestRatios(t *testing.T) {
	tests := []struct {
		name   string
		watch  *watch
		want   shares
		reason error
	}{
		{"the shares of the subtasks' time", newWatch(quarter).rounds(8), shares{0.25, 0.75, 0}, nil},
		{"each of the vertex where it is worst", newWatch(quarter, most, waiting).rounds(8), shares{0.9, 0.05, 0.9}, nil},
		{"wholly idle is a true 0", newWatch(counters{Times: rest.Times{Idle: 2000}}).rounds(8), shares{0, 1, 0}, nil},
		{"a vertex with NaN is left out", newWatch(nan, quarter).rounds(8), shares{0.25, 0.75, 0}, nil},
		{"a vertex without the times is left out", newWatch(old, quarter).rounds(8), shares{0.25, 0.75, 0}, nil},
		{"nothing but NaN", newWatch(nan).rounds(8), shares{}, errNaN},
		{"nothing but vertices without the times", newWatch(old).rounds(8), shares{}, errOldVersion},
		{"not observed yet", newWatch(quarter), shares{}, errSettling},
		{"not settled", newWatch(quarter).rounds(3), shares{}, errSettling},
		{"settled, but not watched for a whole window", newWatch(quarter).rounds(7), shares{}, errSettling},
		{"a restart begins anew", newWatch(quarter).rounds(20).restart().rounds(7), shares{}, errSettling},
		{"after a restart only what came after it counts", func() *watch {
			w := newWatch(quarter).rounds(20).restart()
			w.rates[0] = most
			return w.rounds(8)
		}(), shares{0.9, 0.05, 0.05}, nil},
		{"a new time of going RUNNING begins anew, whatever else stays", func() *watch {
			w := newWatch(quarter).rounds(20)
			w.shape.running++
			return w.rounds(1)
		}(), shares{}, errSettling},
		{"a rescale begins anew", func() *watch {
			w := newWatch(quarter).rounds(20)
			w.shape.vertices[0].parallelism = 3
			return w.rounds(1)
		}(), shares{}, errSettling},
		{"another job begins anew", func() *watch {
			w := newWatch(quarter).rounds(20)
			w.shape.job = "another"
			return w.rounds(1)
		}(), shares{}, errSettling},
		{"a subtask whose state changed begins anew", func() *watch {
			w := newWatch(quarter).rounds(20)
			w.shape.changed++
			return w.rounds(1)
		}(), shares{}, errSettling},
		{"counters that shrink begin anew", func() *watch {
			w := newWatch(quarter).rounds(20)
			clear(w.totals)
			return w.rounds(1)
		}(), shares{}, errSettling},
		{"counters that were renewed after a long time begin anew", func() *watch {
			w := newWatch(quarter).rounds(20)
			w.totals[0].Busy += 60_000
			return w.rounds(1)
		}(), shares{}, errSettling},
		{"counters that were renewed three rounds late do no harm", func() *watch {
			w := newWatch(still).rounds(20)
			w.rates[0] = quarter
			w.pass(15 * time.Second)
			w.passed -= 15 * time.Second
			return w.rounds(1)
		}(), shares{0.25, 0.75, 0}, nil},
		{"busy time that shrinks a little in an idle job is still a true 0", func() *watch {
			w := newWatch(counters{Times: rest.Times{Idle: 2000}})
			w.totals[0].Busy = 1000
			for range 8 {
				w.totals[0].Busy -= 40
				w.rounds(1)
			}
			return w
		}(), shares{0, 1, 0}, nil},
		{"a gap in watching that is too long begins anew", func() *watch {
			w := newWatch(quarter).rounds(20)
			w.pass(time.Minute)
			return w.rounds(1)
		}(), shares{}, errSettling},
		{"one round missed does no harm", func() *watch {
			w := newWatch(quarter).rounds(20)
			w.pass(interval)
			return w.rounds(1)
		}(), shares{0.25, 0.75, 0}, nil},
		{"a clock of the JobManager's that was set back begins anew", func() *watch {
			w := newWatch(quarter).rounds(20)
			w.set = -10 * time.Second
			return w.rounds(4)
		}(), shares{}, errSettling},
		{"also to before the job settled", func() *watch {
			w := newWatch(quarter).rounds(20)
			w.set = -time.Hour
			return w.rounds(1)
		}(), shares{}, errSettling},
		{"metrics that stand still are no 0", newWatch(still).rounds(8), shares{}, errStill},
		{"of one vertex even", newWatch(quarter, still).rounds(8), shares{}, errStill},
		{"a vertex that is done is left out", func() *watch {
			w := newWatch(quarter, still)
			w.shape.vertices[1].running = 0
			return w.rounds(8)
		}(), shares{0.25, 0.75, 0}, nil},
		{"only the window counts", func() *watch {
			w := newWatch(quarter).rounds(20)
			w.rates[0] = most
			return w.rounds(4)
		}(), shares{0.9, 0.05, 0.05}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w, err := test.watch.window(length)
			if !errors.Is(err, test.reason) {
				t.Fatalf("got %v, want %v", err, test.reason)
			}
			if err != nil {
				return
			}
			got, _ := w.ratios()
			for i, difference := range []float64{got.busy - test.want.busy, got.idle - test.want.idle, got.backpressured - test.want.backpressured} {
				if math.Abs(difference) > 1e-9 {
					t.Errorf("share %d: got %v, want %v", i, got, test.want)
				}
			}
			if !w.last.at.Equal(at(test.watch.passed)) {
				t.Errorf("the window ends at %s", w.last.at)
			}
		})
	}
}

func TestTheBusiestVertex(t *testing.T) {
	w, err := newWatch(nan, quarter, most, waiting).rounds(8).window(length)
	if _, busiest := w.ratios(); busiest != 2 || err != nil {
		t.Errorf("vertex %d, %v", busiest, err)
	}
}

func TestRates(t *testing.T) {
	w, err := newWatch(quarter, nan, most).rounds(8).window(length)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ in, out float64 }{{30, 60}, {5, 10}, {900, 0}} {
		if in, out := w.rates(i); math.Abs(in-want.in) > 1e-9 || math.Abs(out-want.out) > 1e-9 {
			t.Errorf("vertex %d: %v in, %v out, want %v", i, in, out, want)
		}
	}
}

// The JobManager renews its metrics every 15 s here and tells each time those of before, so a window of 20 s holds what was done
// in 15 s or in 30 s.
func TestRatesWhileMetricsAreRenewedNowAndThen(t *testing.T) {
	for _, instant := range []bool{false, true} {
		b := newBed(t)
		s := b.stub("orders-0")
		s.change(func(s *stub) { s.instant = instant })
		key := Key{Cluster: ordersJob, Needs: NeedSources}
		b.ready(key)
		for range 12 {
			job := b.rounds(1, key)[key]
			wantReading(t, "busy", job.Busy, 0.75, nil)
			wantReading(t, "records in", job.RecordsIn, 100, nil)
			w, err := b.clusters[ordersJob].window(length)
			if _, out := w.rates(0); err != nil || math.Abs(out-100) > 1e-6 {
				t.Errorf("%v records out of the source, %v", out, err)
			}
			if in, _ := w.rates(1); math.Abs(in-100) > 1e-6 {
				t.Errorf("%v records into the next vertex", in)
			}
		}
	}
}
