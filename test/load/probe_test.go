package load

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"github.com/google/go-cmp/cmp"
)

func TestBehind(t *testing.T) {
	for _, tc := range []struct {
		name           string
		end, committed Offsets
		lag            int64
		known          bool
	}{
		{"a sum over partitions", Offsets{0: 10, 1: 20}, Offsets{0: 4, 1: 20}, 6, true},
		{"a commit ahead of the end counts as 0", Offsets{0: 10, 1: 20}, Offsets{0: 12, 1: 19}, 1, true},
		{"a partition without a commit is not known", Offsets{0: 10, 1: 20}, Offsets{0: 10}, 0, false},
		{"a partition without records needs no commit", Offsets{0: 10, 1: 0}, Offsets{0: 10}, 0, true},
		{"an empty topic has no lag", Offsets{0: 0}, Offsets{}, 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if lag, known := tc.end.Behind(tc.committed); lag != tc.lag || known != tc.known {
				t.Errorf("Behind() = %d, %t, want %d, %t", lag, known, tc.lag, tc.known)
			}
		})
	}
}

// broker is one mock broker that leads topic "input", whose 3 partitions end at 10, 0 and 30, and coordinates group "g".
func broker(t *testing.T, handlers map[string]sarama.MockResponse) sarama.Client {
	t.Helper()
	b := sarama.NewMockBroker(t, 1)
	t.Cleanup(b.Close)
	metadata := sarama.NewMockMetadataResponse(t).SetBroker(b.Addr(), b.BrokerID()).SetController(b.BrokerID())
	for partition := range int32(3) {
		metadata.SetLeader("input", partition, b.BrokerID())
	}
	all := map[string]sarama.MockResponse{
		"MetadataRequest": metadata,
		"FindCoordinatorRequest": sarama.NewMockFindCoordinatorResponse(t).
			SetCoordinator(sarama.CoordinatorGroup, "g", b),
		"OffsetRequest": sarama.NewMockOffsetResponse(t).
			SetOffset("input", 0, sarama.OffsetNewest, 10).
			SetOffset("input", 1, sarama.OffsetNewest, 0).
			SetOffset("input", 2, sarama.OffsetNewest, 30),
	}
	maps.Copy(all, handlers)
	b.SetHandlerByMap(all)
	config := clientConfig()
	config.ApiVersionsRequest = false // the mock knows no versions
	config.Metadata.Retry.Max, config.Admin.Retry.Max = 0, 0
	client, err := sarama.NewClient([]string{b.Addr()}, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestProbe(t *testing.T) {
	client := broker(t, map[string]sarama.MockResponse{
		"OffsetFetchRequest": sarama.NewMockOffsetFetchResponse(t).
			SetOffset("g", "input", 0, 7, "", sarama.ErrNoError).
			SetOffset("g", "input", 1, -1, "", sarama.ErrNoError).
			SetOffset("g", "input", 2, 30, "", sarama.ErrNoError),
	})
	probe, err := NewProbe(client)
	if err != nil {
		t.Fatal(err)
	}
	committed, err := probe.Committed("g", "input")
	if err != nil {
		t.Fatal(err)
	}
	ends, err := probe.LogEndOffsets("input")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Offsets{0: 7, 2: 30}, committed); diff != "" {
		t.Errorf("Committed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Offsets{0: 10, 1: 0, 2: 30}, ends); diff != "" {
		t.Errorf("LogEndOffsets (-want +got):\n%s", diff)
	}
	if ends.Total() != 40 {
		t.Errorf("Total() = %d, want 40", ends.Total())
	}
}

func TestProbeGivesNoPartOfAnAnswer(t *testing.T) {
	client := broker(t, map[string]sarama.MockResponse{
		"OffsetFetchRequest": sarama.NewMockOffsetFetchResponse(t).
			SetOffset("g", "input", 0, 7, "", sarama.ErrNoError).
			SetOffset("g", "input", 1, 3, "", sarama.ErrTopicAuthorizationFailed).
			SetOffset("g", "input", 2, 30, "", sarama.ErrNoError),
	})
	probe, err := NewProbe(client)
	if err != nil {
		t.Fatal(err)
	}
	got, err := probe.Committed("g", "input")
	if got != nil || !errors.Is(err, sarama.ErrTopicAuthorizationFailed) || !strings.Contains(err.Error(), "group g, topic input partition 1") {
		t.Errorf("Committed() = %v, %v", got, err)
	}
	if _, err := probe.LogEndOffsets("other"); !errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
		t.Errorf("LogEndOffsets of a topic that isn't there: %v", err)
	}
}

func TestCreateTopicChecksOneThatIsThere(t *testing.T) {
	exists := sarama.NewMockWrapper(&sarama.CreateTopicsResponse{
		Version:      7,
		TopicErrors:  map[string]*sarama.TopicError{"input": {Err: sarama.ErrTopicAlreadyExists}},
		TopicResults: map[string]*sarama.CreatableTopicResult{"input": {}},
	})
	client := broker(t, map[string]sarama.MockResponse{"CreateTopicsRequest": exists})
	if err := CreateTopic(t.Context(), client, "input", 3); err != nil {
		t.Errorf("as many partitions: %v", err)
	}
	err := CreateTopic(t.Context(), client, "input", 12)
	if err == nil || err.Error() != "topic input has 3 partitions, not 12: delete it or take another name" {
		t.Errorf("another number of partitions: %v", err)
	}
}
