package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// listen serves a fleet of three jobs, whose clock stands still between steps.
func listen(t *testing.T) (f *Fleet, now *clocktesting.FakePassiveClock, target func(job int) rest.Target) {
	t.Helper()
	now = clocktesting.NewFakePassiveClock(time.Date(2026, 11, 22, 12, 0, 7, 0, time.UTC))
	f, err := New(3, func(job int) string { return fmt.Sprintf("topic-%d", job) }, now)
	if err != nil {
		t.Fatal(err)
	}
	listener, port, err := Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return f, now, func(job int) rest.Target { return rest.Target{Address: fmt.Sprintf("%s:%d", Address(job), port)} }
}

func TestTheAdapterReadsASteadyJob(t *testing.T) {
	_, now, target := listen(t)
	ctx, client := t.Context(), rest.New(rest.Options{})
	read := func() (rest.Job, rest.Source) {
		t.Helper()
		jobs, err := client.Jobs(ctx, target(2))
		if err != nil || len(jobs) != 1 {
			t.Fatalf("jobs %v, %v", jobs, err)
		}
		job, err := client.Job(ctx, target(2), jobs[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		names, err := client.SourceNames(ctx, target(2), jobs[0].ID, sourceVertex, subtasks)
		if err != nil {
			t.Fatal(err)
		}
		sources, err := client.Sources(ctx, target(2), jobs[0].ID, sourceVertex, subtasks, names)
		if err != nil || len(sources) != 1 {
			t.Fatalf("sources %v, %v", sources, err)
		}
		return job, sources[0]
	}
	before, from := read()
	const seconds = 20
	now.SetTime(now.Now().Add(seconds * time.Second))
	after, to := read()

	if after.Now-before.Now != seconds*1000 || len(after.Vertices) != 2 {
		t.Fatalf("%d ms passed in %d s; vertices %+v", after.Now-before.Now, seconds, after.Vertices)
	}
	for i, v := range after.Vertices {
		busy, idle := v.Times.Busy-before.Vertices[i].Times.Busy, v.Times.Idle-before.Vertices[i].Times.Idle
		if busy <= 0 || busy+idle != subtasks*seconds*1000 {
			t.Errorf("vertex %s: busy for %v ms, idle for %v in %d s of %d subtasks", v.Name, busy, idle, seconds, subtasks)
		}
		if records := v.RecordsIn - before.Vertices[i].RecordsIn; records != seconds*Partitions*perPartition {
			t.Errorf("vertex %s: %v records in %d s", v.Name, records, seconds)
		}
	}
	if len(to.Positions["topic-2"]) != Partitions || len(to.Unknown)+len(to.Ghosts) > 0 {
		t.Errorf("positions %v, unknown %v, ghosts %v", to.Positions, to.Unknown, to.Ghosts)
	}
	for partition, next := range to.Positions["topic-2"] {
		if next != End(now.Now())-behind || next-from.Positions["topic-2"][partition] != seconds*perPartition {
			t.Errorf("partition %d: position %d, of %d", partition, next, End(now.Now()))
		}
	}
	if *to.RecordsIn-*from.RecordsIn != seconds*Partitions*perPartition || *to.Pending != behind*Partitions {
		t.Errorf("source: %v records in %d s, %v pending", *to.RecordsIn-*from.RecordsIn, seconds, *to.Pending)
	}
}

func TestTheAdapterReadsAllElse(t *testing.T) {
	_, now, target := listen(t)
	ctx, client, id := t.Context(), rest.New(rest.Options{}), fmt.Sprintf("%032x", 1)
	overview, err := client.Overview(ctx, target(0))
	if err != nil || overview.SlotsTotal != subtasks {
		t.Errorf("overview %+v, %v", overview, err)
	}
	checkpoints, err := client.Checkpoints(ctx, target(0), id)
	if err != nil || now.Now().UnixMilli()-checkpoints.Completed != 7000 || checkpoints.Failed != 0 {
		t.Errorf("checkpoints %+v, %v; want one 7 s ago", checkpoints, err)
	}
	if config, err := client.CheckpointConfig(ctx, target(0), id); err != nil || config.Interval.Milliseconds() != checkpointEvery {
		t.Errorf("checkpoint configuration %+v, %v", config, err)
	}
	for _, vertex := range []string{sourceVertex, workVertex} {
		if all, err := client.Subtasks(ctx, target(0), id, vertex); err != nil || len(all) != subtasks || all[0].Times.Busy <= 0 {
			t.Errorf("subtasks %+v, %v", all, err)
		}
	}
	managers, err := client.TaskManagers(ctx, target(0))
	if err != nil || managers.Heap.Err != nil || managers.CPU.Err != nil || managers.GCTime.Err != nil {
		t.Errorf("TaskManagers %+v, %v", managers, err)
	}
	list, err := client.TaskManagerList(ctx, target(0))
	if err != nil || len(list) != subtasks || list[0].Sizes.Process() == 0 {
		t.Errorf("TaskManagers %+v, %v", list, err)
	}
	collectors, err := client.Collectors(ctx, target(0), "tm1")
	if err != nil || len(collectors.Old()) != 1 {
		t.Errorf("garbage collectors %v, %v", collectors, err)
	}
	if sample, err := client.Memory(ctx, target(0), "tm1", collectors); err != nil || sample.Used != 64<<20 || sample.Max != 256<<20 {
		t.Errorf("memory %+v, %v", sample, err)
	}
	if config, err := client.Config(ctx, target(0)); err != nil || config["scheduler-mode"] != "reactive" {
		t.Errorf("configuration %v, %v", config, err)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	f, _, target := listen(t)
	id := fmt.Sprintf("%032x", 1)
	for _, test := range []struct {
		name, path string
		job        int
		status     int
		body       string
	}{
		{"a metric that no subtask has", "/jobs/" + id + "/vertices/" + sourceVertex + "/subtasks/metrics?get=numRecordsIn,nonsense", 0, 200, "[]"},
		{"another job's topic", "/jobs/" + id + "/vertices/" + sourceVertex +
			"/subtasks/metrics?get=Source__input.KafkaSourceReader.topic.topic-1.partition.0.currentOffset", 0, 200, "[]"},
		{"some aggregates", "/jobs/" + id + "/vertices/" + workVertex + "/subtasks/metrics?get=numRecordsIn&agg=max", 0, 200, `[{"id":"numRecordsIn","max":0}]`},
		{"another JobManager's job", "/jobs/" + id, 1, 404, "no job " + id},
		{"a vertex of no job", "/jobs/" + id + "/vertices/x", 0, 404, "no vertex x"},
		{"a path that is not Flink's", "/metrics", 0, 404, "404 page not found"},
		{"an address without a JobManager", "/overview", 3, 404, "no JobManager has this address"},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+target(test.job).Address+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != test.status || strings.TrimSpace(string(body)) != test.body {
				t.Errorf("%d %s, %v; want %d %s", answer.StatusCode, body, err, test.status, test.body)
			}
		})
	}
	if got := f.Take(); !slices.Equal(got, []int64{4, 1, 0}) {
		t.Errorf("requests by JobManager: %v", got)
	}
	if got := f.Take(); !slices.Equal(got, []int64{0, 0, 0}) {
		t.Errorf("after they were taken: %v", got)
	}
}

func TestAnswersAreJSON(t *testing.T) {
	answers, err := readAnswers()
	if err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_800_000_000_000)
	for _, text := range answers.texts.Templates() {
		body, err := answers.render(text.Name(), stateAt(0, "t", now.Add(-time.Hour), now))
		if err != nil || !json.Valid(body) {
			t.Errorf("%s: %v, %s", text.Name(), err, body)
		}
	}
}

func TestAddressesAreNumbered(t *testing.T) {
	seen := map[string]bool{}
	for job := range Most {
		seen[Address(job)] = true
	}
	if len(seen) != Most || seen["127.250.255.0"] || seen["127.250.255.255"] {
		t.Errorf("%d addresses of %d JobManagers", len(seen), Most)
	}
	if _, err := New(Most+1, nil, clocktesting.NewFakePassiveClock(time.Time{})); err == nil {
		t.Error("one too many is no error")
	}
}
