//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

// What the group quiet-0 of TestThreeBrokers has before it.
const quietLag = 15

// rounds is how long the adapter may take to see a change: a few rounds, and many where all of them share two cores.
const rounds = 40 * time.Second

// TestThreeBrokers reads lag from a Kafka cluster that the adapter learns of while it runs. Its tests share the three brokers, and
// each has topics and groups of its own.
func TestThreeBrokers(t *testing.T) {
	tokens := newTokenEndpoint(t)
	slow := startSlowCommits(t)
	s := newStage(t)
	before := replicasOfAdapter(t)
	s.users(t)
	s.quietGroups(t)
	s.admit(t, tokens.Server)

	t.Run("a cluster that is added to the configuration answers", func(t *testing.T) {
		eventually(t, rounds, "the lag is known", reads("cluster=secure,group=quiet-0", quietLag))
	})
	t.Run("every way to connect leads to the same value", func(t *testing.T) { s.everyWayToConnect(t, tokens) })
	t.Run("side by side", func(t *testing.T) {
		for _, test := range []struct {
			name string
			run  func(*testing.T)
		}{
			{"lag is what kafka-consumer-groups says", s.lagIsWhatKafkaSays},
			{"a wrong password is told, and heals when its file does", s.aRenewedPassword},
			{"a bad configuration is refused", s.aBadConfigurationIsRefused},
			{"commits that don't fit the log", s.commitsThatDoNotFit},
			{"a topic that is deleted and made anew", s.aTopicMadeAnew},
			{"transactions", s.transactions},
			{"a leader that moves is followed", s.aLeaderThatMoves},
			{"seconds of a backlog are its real age", s.secondsOfABacklog},
		} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				test.run(t)
			})
		}
	})
	t.Run("a broker that dies costs its own groups alone", s.aBrokerThatDies)
	t.Run("seconds of a group that keeps up", s.secondsOfAGroupThatKeepsUp)
	t.Run("lag at commit has no saw-tooth", slow)
	t.Run("all that without a restart, and without a secret in the log", func(t *testing.T) {
		same := func(a, b corev1.Pod) bool { return a.UID == b.UID && restarts(a) == restarts(b) }
		if after := replicasOfAdapter(t); !slices.EqualFunc(before, after, same) {
			t.Error("a replica of the adapter was replaced or restarted")
		}
		log := strings.Join(adapterLogs(t), "")
		for _, secret := range []string{bed.SecurePassword, wrongPassword, rightPassword, nextPassword, tokens.token(), "PRIVATE KEY"} {
			if strings.Contains(log, secret) {
				t.Errorf("the log has a secret in it: %q", secret)
			}
		}
	})
}

func restarts(pod corev1.Pod) int32 { return pod.Status.ContainerStatuses[0].RestartCount }

// quietGroups makes groups whose lag doesn't change: on two topics, with coordinators and leaders on all brokers.
func (s *stage) quietGroups(t *testing.T) {
	t.Helper()
	s.topic(t, "quiet.orders", []int32{0}, []int32{1}, []int32{2}, []int32{0}, []int32{1}, []int32{2})
	s.topic(t, "quiet.payments", []int32{0, 1, 2}, []int32{1, 2, 0}, []int32{2, 0, 1})
	for partition := range int32(6) {
		s.produce(t, "quiet.orders", partition, 10)
		s.produce(t, "quiet.payments", partition%3, 10)
	}
	for i := range 6 {
		// 60 records, of which 0 to 5 are read in each partition, and i more of the last one.
		s.commit(t, quietGroup(i), "quiet.orders", 10, 9, 8, 7, 6, int64(5-i))
	}
	s.commit(t, longGroup, "quiet.payments", 20, 1, 2)
	s.commit(t, longGroup, "quiet.orders", 10, 10, 10, 10, 10, 0)
}

const longGroup = "a group/with a name that is no label value, and longer than sixty-three characters"

func quietGroup(i int) string { return fmt.Sprintf("quiet-%d", i) }

func (s *stage) lagIsWhatKafkaSays(t *testing.T) {
	output, err := s.Tool(t.Context(), "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
		"--bootstrap-server", s.SASL[0], "--command-config", s.clientProperties(t), "--describe", "--all-groups")
	if err != nil {
		t.Fatal(err)
	}
	said := lags(output)
	for selector, where := range map[string]string{
		"group=quiet-0": "quiet-0 quiet.orders", "group=quiet-1": "quiet-1 quiet.orders", "group=quiet-2": "quiet-2 quiet.orders",
		"group=quiet-3": "quiet-3 quiet.orders", "group=quiet-4,topic=quiet.orders": "quiet-4 quiet.orders",
		"group=quiet-5,topic in (quiet.orders)": "quiet-5 quiet.orders",
		"alias=long":                            longGroup + " ",
		"alias=long,topic=quiet.payments":       longGroup + " quiet.payments",
		"alias=long-payments":                   longGroup + " quiet.payments",
	} {
		var want, worst float64
		partitions := 0
		for partition, lag := range said {
			if strings.HasPrefix(partition, where) {
				want, worst, partitions = want+lag, max(worst, lag), partitions+1
			}
		}
		if partitions < 3 {
			t.Fatalf("kafka-consumer-groups says nothing of %s:\n%s", where, output)
		}
		eventually(t, rounds, "the same lag", reads("cluster=secure,"+selector, want))
		if got, err := read(t.Context(), lagMetric+"_max", "cluster=secure,"+selector); err != nil || got != worst {
			t.Errorf("the worst partition of %s has %v, %v; want %v", selector, got, err, worst)
		}
	}
}

// lags reads kafka-consumer-groups' table: "group topic partition" -> lag.
func lags(output string) map[string]float64 {
	said := map[string]float64{}
	for line := range strings.Lines(output) {
		// GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID; a group may have blanks.
		words := strings.Fields(line)
		n := len(words) - 9
		if n < 0 {
			continue
		}
		lag, err := strconv.ParseFloat(words[n+5], 64)
		if err != nil {
			continue
		}
		said[strings.Join(words[:n+3], " ")] = lag
	}
	return said
}

// whileThat looks at a group all the time that something happens: its lag is that number, or where it may be refused, an error.
func whileThat(t *testing.T, selector string, want float64, mayBeRefused bool, happens func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	wrong := make(chan error, 1)
	go func() {
		defer close(wrong)
		for ; ctx.Err() == nil; time.Sleep(100 * time.Millisecond) { // between two looks
			got, err := read(ctx, lagMetric, selector)
			if ctx.Err() == nil && (err == nil && got != want || err != nil && !mayBeRefused) {
				wrong <- fmt.Errorf("%s is %v, %w; want %v", selector, got, err, want)
				return
			}
		}
	}()
	happens()
	stop()
	if err := <-wrong; err != nil {
		t.Error(err)
	}
}
