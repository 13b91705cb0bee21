package desired

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func explained() Decision {
	return decide(with(newJob(
		source(2, .2, 800, named("Source: orders"), arrival(1000), backlog(72000), partitions(12)),
		vertex("Source: rates", 2, 0, 10, "", unknown("not a Kafka source"), timeless),
		changed(vertex("work", 2, 1, 800, "?", maxParallelism(4)), []func(*Vertex){func(v *Vertex) { v.Inputs = []Input{{"Source: orders", true}} }}),
	), restarts(12*time.Second)), DefaultRules())
}

func TestText(t *testing.T) {
	const want = `TaskManagers: 4 desired, 2 now (slots of each: 1)
parallelism:  4 with them, 2 now
usable:       128 TaskManagers at most
bottleneck:   work
catch-up:     within 5m0s; a restart takes 12s (measured)

reasons:
- more_needed: vertex "work" needs more
- catching_up: a backlog is to be worked off
- arrival_unknown: what arrives for source "Source: rates" is not known (not a Kafka source); what it reads stands for it
- times_unknown: vertex "Source: rates" reports no busy time, so what it needs is left out
- limited_by_max_parallelism: vertex "work" has max parallelism 4

vertex          parallelism  needed  max  limit            busy  back-pressured  in/s  target/s  capacity needed/s  rate of one/s  utilization
Source: orders  2            1       128  -                20%   0%              800   1000      1669               2000           25%
Source: rates   2            -       128  -                -     -               10.0  10.0      14.7               -              -
work            2            4       4    max parallelism  100%  0%              800   1000      1669               400            125%

source          arrival/s  backlog  partitions  unknown because
Source: orders  1000       72000    12          -
Source: rates   -          -        -           not a Kafka source
`
	got := explained().Text()
	var trimmed []string
	for line := range strings.SplitSeq(got, "\n") {
		trimmed = append(trimmed, strings.TrimRight(line, " "))
	}
	if strings.Join(trimmed, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A number that isn't known is absent, not 0.
func TestJSON(t *testing.T) {
	source, err := json.Marshal(explained().Vertices[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"busy", "backPressured", "ratePerSubtask", "utilization", "parallelismNeeded", "limit"} {
		if strings.Contains(string(source), field) {
			t.Errorf("%s is not known, and is in %s", field, source)
		}
	}
	whole, err := json.Marshal(explained())
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{`"taskManagers":4`, `"usableTaskManagers":128`, `"current":{"taskManagers":2,"parallelism":2,"slotsPerTaskManager":1}`, `"bottleneck":"work"`,
		`"restart":{"seconds":12,"measured":true}`, `"catchUpSeconds":300`, `"code":"catching_up"`, `"backlogRecords":72000`, `"limit":"max parallelism"`} {
		if !strings.Contains(string(whole), field) {
			t.Errorf("%s is missing in %s", field, whole)
		}
	}
	if strings.Contains(string(whole), "LooksAt") {
		t.Errorf("what is for the caller alone is in %s", whole)
	}
}

func BenchmarkDecide(b *testing.B) {
	job := newJob(
		source(12, .4, 5000, partitions(12)), vertex("a", 12, .5, 5000, "", readsSource), vertex("b", 12, .3, 4000, "a", keyed),
		vertex("c", 12, .65, 3000, "a", keyed), vertex("d", 12, .2, 7000, "bc"),
	)
	var memory Memory
	b.ReportAllocs()
	for b.Loop() {
		_, memory = Decide(job, DefaultRules(), memory)
	}
}

func readsSource(v *Vertex) { v.Inputs = []Input{{From: "source"}} }
