package pulse

import (
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

func TestALoopIsAliveUntilItMissesATurn(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Unix(1_000_000, 0))
	p := New("certificates", time.Minute, clock)
	alive := func(when string, want bool) {
		t.Helper()
		if err := p.Alive(); (err == nil) != want || err != nil && !strings.Contains(err.Error(), "certificates has not turned for more than 1m0s") {
			t.Errorf("%s: %v", when, err)
		}
	}
	clock.Step(time.Hour)
	alive("before it began", true)
	p.Beat()
	clock.Step(time.Minute)
	alive("as late as it may be", true)
	clock.Step(time.Second)
	alive("later", false)
	p.Beat()
	alive("when it turns again", true)
}
