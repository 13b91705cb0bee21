package bench

import (
	"context"
	"strings"
	"testing"
	"time"
)

func startFilled(t *testing.T, groups int) *cluster {
	t.Helper()
	c, err := startCluster()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	if err := c.addGroups(t.Context(), groups); err != nil {
		t.Fatal(err)
	}
	return c
}

func measureHere(t *testing.T, c *cluster, client string, groups int) measurement {
	t.Helper()
	p, err := newPoller(client, c.addrs, span{0, groups})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.measure(t.Context(), p, func() error { return nil })
	if err != nil {
		t.Fatalf("%s, %d groups: %v", client, groups, err)
	}
	if err := p.forget(); err != nil {
		t.Error(err)
	}
	return m
}

func TestAThousandGroupsOnSixBrokers(t *testing.T) {
	m := measureHere(t, startFilled(t, 1000), ours, 1000)
	for _, limit := range []struct {
		what      string
		got, most int
	}{
		{"requests of a warm poll", m.warm.requests, 2 * brokers},
		{"connections that a warm poll opens", m.warm.connections, 0},
		{"requests of a cold poll", m.cold.requests, 24},
		{"connections that a cold poll opens", m.cold.connections, brokers + 1},
	} {
		if limit.got > limit.most {
			t.Errorf("%s: %d, want at most %d", limit.what, limit.got, limit.most)
		}
	}
	if m.warm.requests < brokers {
		t.Errorf("a warm poll took %d requests: they are not all counted", m.warm.requests)
	}
}

func TestTheBaselineIsCountedToo(t *testing.T) {
	const groups = 10
	c := startFilled(t, groups)
	m := measureHere(t, c, perGroup, groups)
	// Metadata, OffsetFetch, and ListOffsets of one to six leaders; before the first one, more Metadata and FindCoordinator.
	if least, most := groups*3, groups*(2+brokers); m.warm.requests < least || m.warm.requests > most {
		t.Errorf("a warm poll took %d requests, want %d to %d", m.warm.requests, least, most)
	}
	if m.cold.requests < m.warm.requests+2*groups {
		t.Errorf("a cold poll took %d requests, a warm one %d; want at least two a group more", m.cold.requests, m.warm.requests)
	}
	if least, most := 2*groups, groups*(1+brokers); m.cold.connections < least || m.cold.connections > most {
		t.Errorf("a cold poll opened %d connections, want %d to %d", m.cold.connections, least, most)
	}
	if m.warm.connections != 0 || m.cold.handshakes != m.cold.connections {
		t.Errorf("a warm poll opened %d connections, a cold one %d with %d handshakes; want none, and a handshake each",
			m.warm.connections, m.cold.connections, m.cold.handshakes)
	}
}

func TestAPollWithAWrongAnswerFails(t *testing.T) {
	c := startFilled(t, 10)
	for _, client := range []string{ours, perGroup} {
		p, err := newPoller(client, c.addrs, span{9, 11})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.poll(t.Context()); err == nil || !strings.Contains(err.Error(), "group-00010") {
			t.Errorf("%s: error %v, want one about the group that has not committed", client, err)
		}
		if err := p.forget(); err != nil {
			t.Error(err)
		}
	}
	if err := check("g", lag-1, nil); err == nil {
		t.Error("a lag that is one too small passes")
	}
}

// scripted is a poller whose polls take known times; the first after forget is cold.
type scripted struct {
	cold, warm time.Duration
	connected  bool
	forgotten  int
}

func (s *scripted) poll(context.Context) (time.Duration, error) {
	if s.connected {
		return s.warm, nil
	}
	s.connected = true
	return s.cold, nil
}

func (s *scripted) forget() error {
	s.connected = false
	s.forgotten++
	return nil
}

func TestPollsAreRepeatedUnlessTheyTakeLong(t *testing.T) {
	for _, test := range []struct {
		name       string
		cold, warm time.Duration
		forgotten  int
	}{
		{"short polls", 3 * time.Millisecond, time.Millisecond, coldPolls - 1},
		{"long polls", 2 * longest, longest, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &scripted{cold: test.cold, warm: test.warm}
			m, err := new(cluster).measure(t.Context(), p, func() error {
				if p.forgotten > 0 {
					t.Error("the memory is read after connections were closed")
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if m.cold.ms != milliseconds(test.cold) || m.warm.ms != milliseconds(test.warm) || p.forgotten != test.forgotten {
				t.Errorf("cold %v ms, warm %v ms, connections closed %d times; want %v, %v, %d",
					m.cold.ms, m.warm.ms, p.forgotten, test.cold, test.warm, test.forgotten)
			}
		})
	}
}

func TestMedian(t *testing.T) {
	costs := []cost{
		{traffic{9, 1, 5}, 30}, {traffic{7, 3, 5}, 10}, {traffic{8, 2, 6}, 20}, {traffic{7, 9, 5}, 90},
	}
	if got, want := median(costs), (cost{traffic{7, 2, 5}, 20}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTableRow(t *testing.T) {
	m := measurement{cold: cost{traffic{20, 7, 7}, 21.51}, warm: cost{traffic{12, 0, 0}, 18.74}, memory: new(19.4)}
	const want = "   1000  flink-hpa              20      12       7      0       7      0      21.5      18.7         19\n"
	if got := tableRow(1000, ours, m); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
