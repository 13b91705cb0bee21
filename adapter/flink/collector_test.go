package flink

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

func TestWhatAQuestionCosts(t *testing.T) {
	const (
		overview, jobs, job, vertex, names, source  = rest.RequestOverview, rest.RequestJobs, rest.RequestJob, rest.RequestVertex, rest.RequestNames, rest.RequestSource
		checkpoints, checkpointConfig, taskManagers = rest.RequestCheckpoints, rest.RequestCheckpointConfig, rest.RequestTaskManagers
		memory                                      = rest.RequestMemory
	)
	busy, lag, wanted := Key{Cluster: ordersJob}, Key{Cluster: ordersJob, Needs: NeedSources, Kafka: "main"}, Key{Cluster: ordersJob, Needs: needDesired}
	tests := []struct {
		name   string
		keys   []Key
		change func(*stub)
		want   map[rest.Request]int // in 12 rounds, a minute
	}{
		{"three GETs a round", []Key{busy}, nil, map[rest.Request]int{overview: 12, jobs: 12, job: 12}},
		{"one more for a source, and the names of its metrics once a minute", []Key{lag}, nil,
			map[rest.Request]int{overview: 12, jobs: 12, job: 12, source: 12, names: 1}},
		{"one for each source", []Key{lag}, func(s *stub) {
			second := *s.vertices[0]
			second.ID = strings.Repeat("b", 32)
			s.vertices = append(s.vertices, &second)
		}, map[rest.Request]int{overview: 12, jobs: 12, job: 12, source: 24, names: 2}},
		{"for the desired number one for the busiest vertex besides", []Key{wanted}, nil,
			map[rest.Request]int{overview: 12, jobs: 12, job: 12, source: 12, names: 1, vertex: 12}},
		{"and two for the checkpoints while the number would fall", []Key{wanted}, func(s *stub) {
			s.vertices[1].numbers = steady(counters{Times: rest.Times{Busy: 0.1, Idle: 0.9}, in: 100}).numbers
		}, map[rest.Request]int{overview: 12, jobs: 12, job: 12, source: 12, names: 1, vertex: 12, checkpoints: 12, checkpointConfig: 12}},
		{"questions about the same job share what they need", []Key{busy, lag, wanted, {Cluster: ordersJob, Needs: NeedSources}}, nil,
			map[rest.Request]int{overview: 12, jobs: 12, job: 12, source: 12, names: 1, vertex: 12}},
		{"one for all TaskManagers", []Key{{Cluster: ordersJob, Needs: NeedTaskManagers}}, nil, map[rest.Request]int{overview: 12, jobs: 12, job: 12, taskManagers: 12}},
		{"for memory one every ten seconds, and a list once a minute", []Key{{Cluster: ordersJob, Needs: NeedMemory}}, nil,
			map[rest.Request]int{overview: 12, jobs: 12, job: 12, memory: 7}},
		{"however many TaskManagers there are", []Key{{Cluster: ordersJob, Needs: NeedMemory}}, func(s *stub) {
			s.taskManagers, s.slots = 20, 20
			for _, v := range s.vertices {
				v.Parallelism, v.Tasks = 20, map[string]int{"RUNNING": 20}
			}
		}, map[rest.Request]int{overview: 12, jobs: 12, job: 12, memory: 7}},
		{"nothing but two without a job", []Key{busy, lag, wanted}, func(s *stub) { s.jobs = nil }, map[rest.Request]int{overview: 12, jobs: 12}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBed(t)
			s := b.stub("orders-0")
			b.opts.Logs = newBroker(t, b.clock, nil).Logs
			if test.change != nil {
				s.change(test.change)
			}
			b.rounds(60, test.keys...)
			b.meter.take()
			took := s.took()
			b.rounds(12, test.keys...)
			got := b.meter.take()
			if !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			all := 0
			for _, n := range got {
				all += n
			}
			if took = s.took() - took; took != all || b.meter.failed != 0 {
				t.Errorf("the JobManager was asked %d times, of which %d are counted; %d failed", took, all, b.meter.failed)
			}
		})
	}
}

func TestPoll(t *testing.T) {
	b := newBed(t)
	s := b.stub("orders-0")
	key := Key{Cluster: ordersJob, Needs: NeedTaskManagers}
	for round := 1; round <= 5; round++ {
		job := b.rounds(1, key)[key]
		wantReading(t, "TaskManagers", job.TaskManagers, 2, nil)
		wantReading(t, "slots", job.Slots, 2, nil)
		if round < 5 {
			wantReading(t, "busy", job.Busy, 0, errSettling)
			continue
		}
		for name, reading := range map[string]Reading{"pending": job.Pending, "records in": job.RecordsIn, "lag": job.KafkaLag, "desired": job.Desired} {
			wantReading(t, name, reading, 0, errNotAsked)
		}
		wantReading(t, "parallelism", job.Parallelism, 2, nil)
		wantReading(t, "busy", job.Busy, 0.75, nil)
		wantReading(t, "idle", job.Idle, 0.25, nil)
		wantReading(t, "back-pressured", job.Backpressured, 0, nil)
		wantReading(t, "heap", job.HeapUsed, 0.25, nil)
		wantReading(t, "CPU", job.CPULoad, 0.25, nil)
		wantReading(t, "collection", job.GCTime, 0.01, nil)
		if !job.Busy.Time.Equal(b.clock.Now()) || job.Busiest != "work" {
			t.Errorf("busy is that of %q at %s", job.Busiest, job.Busy.Time)
		}
	}
	s.restart(3)
	job := b.rounds(1, key)[key]
	for name, reading := range map[string]Reading{"busy": job.Busy, "idle": job.Idle, "parallelism": job.Parallelism, "heap": job.HeapUsed, "CPU": job.CPULoad} {
		wantReading(t, name+" after a rescale", reading, 0, errSettling)
	}
	wantReading(t, "TaskManagers after a rescale", job.TaskManagers, 3, nil)
	s.change(func(s *stub) { s.broken[""] = true })
	job = b.rounds(1, key)[key]
	if err := job.TaskManagers.Err; err == nil || err.Error() != "JobManager pod shop/orders-0: GET /overview: status 500 Internal Server Error" {
		t.Errorf("TaskManagers of a JobManager that fails: %v, %v", job.TaskManagers.Value, err)
	}
}

func TestAJobThatNobodyAsksForIsForgotten(t *testing.T) {
	b := newBed(t)
	b.stub("orders-0")
	b.rounds(1, Key{Cluster: ordersJob})
	b.clock.Step(hold)
	if b.Poll(t.Context(), nil); len(b.clusters) != 1 {
		t.Errorf("%d clusters remembered, want 1", len(b.clusters))
	}
	b.clock.Step(1)
	if b.Poll(t.Context(), nil); len(b.clusters) != 0 {
		t.Errorf("%d clusters remembered, want none", len(b.clusters))
	}
}

func TestTroubleInOneClusterIsNoneOfAnother(t *testing.T) {
	b := newBed(t)
	broken, healthy := newStub(t, b.clock, "broken"), newStub(t, b.clock, "healthy")
	broken.change(func(s *stub) { s.state = "RESTARTING" })
	payments := Cluster{Namespace: "shop", Kind: "Job", Name: "payments"}
	b.opts.JobManagers = func(c Cluster) []JobManager {
		if c == payments {
			return []JobManager{broken.JobManager}
		}
		return []JobManager{healthy.JobManager}
	}
	jobs := b.ready(Key{Cluster: ordersJob}, Key{Cluster: payments})
	wantReading(t, "busy", jobs[Key{Cluster: ordersJob}].Busy, 0.75, nil)
	wantReading(t, "busy of the other", jobs[Key{Cluster: payments}].Busy, 0, errNotRunning)
}

func TestSilentClustersComeLast(t *testing.T) {
	well, silent, unknown := Cluster{Name: "well"}, Cluster{Name: "silent"}, Cluster{Name: "unknown"}
	c := &Collector{clusters: map[Cluster]*memory{well: {}, silent: {silent: true}}}
	if got := c.silentLast([]Cluster{silent, well, unknown}); got[2] != silent {
		t.Errorf("got %v", got)
	}
}

func TestQuestionsAboutSeveralKafkaClustersAreAnsweredApart(t *testing.T) {
	b := newBed(t)
	s := b.stub("orders-0")
	log := newBroker(t, b.clock, map[string][]partition{"orders": {growing(60_000, 300)}})
	s.change(func(s *stub) {
		s.vertices[0].sources = func(seconds float64) []rest.Source {
			return []rest.Source{{Operator: "Source__orders", Pending: new(0.0), Positions: map[string]map[int32]int64{"orders": {0: int64(100 * seconds)}}}}
		}
	})
	b.each = log.look
	b.opts.Logs = func(cluster string, topics []string) snapshot.Sample[kafka.Group] {
		if cluster != "main" {
			return snapshot.Fail[kafka.Group](errors.New("it is not configured any more"))
		}
		return log.Logs(cluster, topics)
	}
	known, unknown, gone := Key{ordersJob, needDesired, "main"}, Key{ordersJob, needDesired, ""}, Key{ordersJob, needDesired, "old"}
	jobs := b.ready(known, unknown, gone)
	wantReading(t, "desired where the arrival is known to be three times what is read", jobs[known].Desired, 8, nil)
	wantReading(t, "desired where it is not known", jobs[unknown].Desired, 2, nil)
	wantReading(t, "lag where no Kafka cluster is named", jobs[unknown].KafkaLag, 0, errNoKafka)
	const message = `Kafka cluster "old": it is not configured any more`
	if lag, wanted := jobs[gone].KafkaLag.Err, jobs[gone].Desired.Err; lag == nil || lag.Error() != message || wanted == nil || wanted.Error() != `source "Source: orders": `+message {
		t.Errorf("of a cluster that is gone: lag %v, desired %v", lag, wanted)
	}
	if e := jobs[known].Explanation; e.Kafka != "main" || e.JobManager != "JobManager Job shop/orders" || e.Job != jobID || !e.Decision.Has(desired.MoreNeeded) {
		t.Errorf("explanation %+v", e)
	}
	if e := jobs[unknown].Explanation; e.Kafka != "" || !e.Decision.Has(desired.ArrivalUnknown) {
		t.Errorf("explanation without a Kafka cluster %+v", e)
	}
	for _, key := range []Key{known, unknown} {
		if kept := b.clusters[ordersJob].byKafka[key.Kafka]; kept.desired.Value != jobs[key].Desired.Value {
			t.Errorf("kept for %q: %v", key.Kafka, kept.desired)
		}
	}
}
