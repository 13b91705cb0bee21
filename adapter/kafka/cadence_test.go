package kafka

import (
	"testing"
	"time"
)

const pollInterval = 5 * time.Second

// job is a Flink job on one partition, looked at every five seconds: it commits where it reads when a checkpoint completes.
type job struct {
	rate     float64 // records/s that arrive
	reads    float64 // records/s that it can read
	every    float64 // seconds between checkpoints; 0: none completes
	position float64
	end      float64
	commit   int64
	second   float64
	next     float64 // checkpoint

	cadence cadence
	trail   trail
}

// round lets five seconds pass, in small steps, and then looks. It returns the plain lag and the lag at commit.
func (j *job) round() (plain, atCommit int64) {
	const step = 0.1
	for range int(pollInterval.Seconds() / step) {
		j.second += step
		j.end += j.rate * step
		j.position = min(j.end, j.position+j.reads*step)
		if j.every > 0 && j.second >= j.next {
			j.commit, j.next = int64(j.position), j.next+j.every
		}
	}
	now := at(j.second)
	moved := j.cadence.observe(map[string][]int64{"orders": {j.commit}}, now)
	j.trail.see(int64(j.end), now)
	horizon := j.cadence.horizon(moved("orders", 0), 2*pollInterval)
	plain = int64(j.end) - j.commit
	group := Group{Topics: map[string]Topic{"orders": {Lag: plain, AtCommit: j.trail.endAt(horizon) - j.commit}}}
	if most, ok := j.cadence.excusable(); ok {
		group.excuse(most)
	}
	return plain, group.Topics["orders"].AtCommit
}

func rounds(j *job, n int) (plain, atCommit []int64) {
	for range n {
		p, a := j.round()
		plain, atCommit = append(plain, p), append(atCommit, a)
	}
	return plain, atCommit
}

func extremes(values []int64) (least, most int64) {
	least, most = values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	return least, most
}

func TestLagAtCommitOfAHealthyJobIsFlat(t *testing.T) {
	for _, every := range []float64{10, 30, 31.3, 60, 180} {
		j := &job{rate: 1000, reads: 3000, every: every, next: 1}
		rounds(j, 200)
		plain, atCommit := rounds(j, 200)
		low, high := extremes(plain)
		if swing := float64(high - low); swing < 0.8*1000*(every-5) {
			t.Errorf("every %v s: the plain lag swings by %v only: the test is wrong", every, swing)
		}
		// What arrived between the commit and the look, at most.
		if low, high = extremes(atCommit); low < 0 || high > 5000 {
			t.Errorf("every %v s: lag at commit goes from %d to %d", every, low, high)
		}
	}
}

func TestLagAtCommitRisesWithTheNextCommitOfAJobThatFallsBehind(t *testing.T) {
	j := &job{rate: 1000, reads: 3000, every: 30, next: 1}
	rounds(j, 60)
	j.reads = 400
	_, atCommit := rounds(j, 60/5)
	if last := atCommit[len(atCommit)-1]; last < 600*25 {
		t.Errorf("lag at commit is %d a minute after the job reads 600/s less than arrive", last)
	}
}

func TestLagAtCommitRisesBeforeTheNextCommitWhenMoreArrivesThanTheJobHasShownToRead(t *testing.T) {
	j := &job{rate: 1000, reads: 3000, every: 60, next: 1}
	rounds(j, 60)
	j.rate = 5000
	_, atCommit := rounds(j, 40/5)
	if _, most := extremes(atCommit); most < 40*5000-90_000-10_000 {
		t.Errorf("40 s after five times as much arrives, the lag at commit has not been above %d", most)
	}
}

func TestLagAtCommitFallsBackToThePlainLagWhenCommitsStop(t *testing.T) {
	j := &job{rate: 1000, reads: 3000, every: 30, next: 1}
	rounds(j, 60)
	j.every = 0
	plain, atCommit := rounds(j, 90/5)
	for i := range atCommit {
		if i > 0 && atCommit[i] < atCommit[i-1] {
			t.Errorf("it falls from %d to %d", atCommit[i-1], atCommit[i])
		}
		// It rises twice as fast as records arrive, so there is no cliff that makes an HPA jump.
		if i > 0 && atCommit[i]-atCommit[i-1] > 2*5*1000+1000 {
			t.Errorf("it jumps from %d to %d", atCommit[i-1], atCommit[i])
		}
	}
	if last := len(plain) - 1; atCommit[last] != plain[last] {
		t.Errorf("after 90 s it is %d, and the plain lag %d", atCommit[last], plain[last])
	}
	if atCommit[45/5] <= 5000 {
		t.Errorf("after 45 s it is still %d", atCommit[45/5])
	}
}

func TestLagAtCommitBeforeTheFirstCommit(t *testing.T) {
	c := &cadence{}
	offsets := map[string][]int64{"orders": {5}}
	for second := 0; second < 60; second += 5 {
		c.observe(offsets, at(float64(second)))
		if c.known() {
			t.Fatalf("known after %d s without a commit", second)
		}
	}
	c.observe(offsets, at(60))
	if !c.known() || !c.horizon(false, 0).Equal(at(60)) {
		t.Errorf("after a minute without a commit: known is %v, and arrivals up to %s count", c.known(), c.horizon(false, 0))
	}
	first := &cadence{}
	first.observe(offsets, at(0))
	first.observe(map[string][]int64{"orders": {7}}, at(5))
	if !first.known() {
		t.Error("not known after the first commit")
	}
}

func TestACommitSeenInTwoHalvesIsOne(t *testing.T) {
	c := &cadence{}
	offsets := func(a, b int64) map[string][]int64 { return map[string][]int64{"orders": {a, b}} }
	c.observe(offsets(0, 0), at(0))
	for cycle := range 4 {
		start, n := float64(30*cycle), int64(cycle+1)
		moved := c.observe(offsets(n, n-1), at(start+5))
		if cycle > 0 && !c.horizon(moved("orders", 1), 2*pollInterval).Equal(at(start-30+10)) {
			t.Errorf("cycle %d: the second half, whose commit is yet to be seen, counts arrivals up to %s", cycle, c.horizon(false, 2*pollInterval))
		}
		c.observe(offsets(n, n), at(start+10))
		for second := start + 15; second <= start+30; second += 5 {
			c.observe(offsets(n, n), at(second))
		}
	}
	if c.usual() != 30*time.Second {
		t.Errorf("the usual time between commits is %s", c.usual())
	}
}

func TestAGroupThatCommitsAllTheTimeHasItsPlainLag(t *testing.T) {
	j := &job{rate: 1000, reads: 3000, every: 1, next: 1}
	rounds(j, 20)
	plain, atCommit := rounds(j, 10)
	for i := range plain {
		if plain[i] != atCommit[i] {
			t.Errorf("round %d: %d at commit, %d plain", i, atCommit[i], plain[i])
		}
	}
	j.every = 0
	plain, atCommit = rounds(j, 6)
	if plain[5] != atCommit[5] {
		t.Errorf("30 s after its last commit: %d at commit, %d plain", atCommit[5], plain[5])
	}
}
