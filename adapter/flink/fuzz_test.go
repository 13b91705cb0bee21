package flink

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// anything makes up what package rest may let through.
type anything struct{ *rand.Rand }

// pick is mostly one of the usual, and now and then the number.
func (a anything) pick(odd float64, usual ...float64) float64 {
	if a.IntN(8) == 0 {
		return odd
	}
	return usual[a.IntN(len(usual))]
}

func (a anything) times(odd float64) rest.Times {
	switch a.IntN(10) {
	case 0:
		return rest.Times{Missing: true}
	case 1:
		return rest.Times{Unusable: true}
	}
	return rest.Times{Busy: a.pick(odd, 0, 1000, 50_000), Idle: a.pick(odd, 0, 1000, 60_000), Backpressured: a.pick(odd, 0, 10)}
}

func (a anything) source(odd float64) rest.Source {
	s := rest.Source{Operator: "Source__orders", Ghosts: map[rest.TopicPartition]bool{}}
	for partition := range int32(3) {
		at := rest.TopicPartition{Topic: "orders", Partition: partition}
		switch a.IntN(4) {
		case 0:
			s.Unknown = append(s.Unknown, at)
		case 1, 2:
			if s.Positions == nil {
				s.Positions = map[string]map[int32]int64{"orders": {}}
			}
			s.Positions["orders"][partition] = int64(a.pick(odd, 0, 500, 1000, 2500))
			s.Ghosts[at] = a.IntN(4) == 0
		}
	}
	if a.IntN(2) == 0 {
		s.Pending, s.RecordsIn = new(a.pick(odd, 0, 100)), new(a.pick(odd, 0, 5000))
	}
	if a.IntN(2) == 0 {
		s.EventTimeLag = new(time.Duration(a.IntN(1e9)))
	}
	return s
}

// grow moves numbers on, or does not.
func (a anything) grow(v *rest.Vertex, odd float64) {
	v.Times.Busy += a.pick(odd, 0, 2500)
	v.Times.Idle += a.pick(odd, 2500, 7500)
	v.RecordsIn += a.pick(odd, 0, 500)
	v.RecordsOut += a.pick(odd, 0, 500)
}

// FuzzRounds: whatever a JobManager and Kafka may tell, nothing panics, a share is a share, and neither lag nor number is below 0.
func FuzzRounds(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, -5.0)
		f.Add(seed, 1e300)
		f.Add(seed, float64(seed)*100)
	}
	f.Add(uint64(1), math.MaxFloat64)
	f.Add(uint64(2), math.SmallestNonzeroFloat64)
	clock := clocktesting.NewFakeClock(at(0))
	l := watched(f, clock, map[string][]partition{"orders": {growing(1000, 100), empty(500)}}, 2*time.Minute)
	logs := func(string, []string) snapshot.Sample[kafka.Group] {
		return snapshot.Sample[kafka.Group]{Value: kafka.Group{Logs: l.byTopic}}
	}
	f.Fuzz(func(t *testing.T, seed uint64, odd float64) {
		if math.IsNaN(odd) || math.IsInf(odd, 0) {
			return // rest calls them unusable
		}
		a := anything{rand.New(rand.NewPCG(seed, 0))}
		c := NewCollector(Options{Settle: settle, Window: length, Hold: hold, Desired: desired.DefaultRules(), Clock: clocktesting.NewFakePassiveClock(at(0)), Logs: logs})
		m := c.remember(ordersJob, at(0))
		told := tellAll()
		for i := range told.detail.Vertices {
			told.detail.Vertices[i].Parallelism = 1 + a.IntN(3)
			told.detail.Vertices[i].Tasks = map[string]int{"RUNNING": told.detail.Vertices[i].Parallelism}
			told.detail.Vertices[i].Times = a.times(odd)
		}
		if a.IntN(4) == 0 {
			told.detail.Vertices[0].Tasks = map[string]int{"FINISHED": told.detail.Vertices[0].Parallelism}
		}
		sources := map[string][]rest.Source{sourceID: {a.source(odd)}}
		for n := range 14 {
			total := 0
			for i := range told.detail.Vertices {
				a.grow(&told.detail.Vertices[i], odd)
				total += told.detail.Vertices[i].Parallelism
			}
			told.jobs[0].Tasks = map[string]int{"running": total, "total": total}
			told.cluster = rest.Overview{TaskManagers: a.IntN(3), SlotsTotal: max(told.detail.Vertices[0].Parallelism, told.detail.Vertices[1].Parallelism)}
			told.detail.Now += int64(a.pick(float64(int64(odd)%1e6), 5000, 5000, 5000, 10_000))
			if a.IntN(2) == 0 {
				sources = map[string][]rest.Source{sourceID: {a.source(odd)}}
			}
			round := round{cluster: ordersJob, answers: answers{at: at(time.Duration(n) * interval), overview: told.cluster}}
			round.job, round.err = told.observe()
			round.job.sources = sources
			if round.err == nil {
				m.add(round.job, round.at, round.at, settle, length)
				round.window, round.err = m.window(length)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // nobody is asked
			for _, kafka := range []string{"", "main"} {
				check(t, c.answer(ctx, Key{ordersJob, needDesired, kafka}, round, m, round.ratios()))
			}
		}
	})
}

func check(t *testing.T, job Job) {
	for name, share := range map[string]Reading{"busy": job.Busy, "idle": job.Idle, "back-pressured": job.Backpressured} {
		if share.Err == nil && !(share.Value >= 0 && share.Value <= 1) {
			t.Errorf("%s is %v", name, share.Value)
		}
	}
	if job.KafkaLag.Err == nil && !(job.KafkaLag.Value >= 0) {
		t.Errorf("lag is %v", job.KafkaLag.Value)
	}
	if job.Desired.Err == nil && !(job.Desired.Value >= 1) {
		t.Errorf("desired is %v", job.Desired.Value)
	}
}
