package load

import (
	"errors"
	"fmt"

	"github.com/IBM/sarama"
)

// Offsets are positions by partition.
type Offsets map[int32]int64

// Total is the sum of the offsets. For log end offsets of a topic that nothing was deleted from, it is the number of
// records in the topic.
func (o Offsets) Total() int64 {
	var sum int64
	for _, offset := range o {
		sum += offset
	}
	return sum
}

// Behind is how many records the committed offsets lie behind these log end offsets. It is false when a partition that
// has records has no committed offset: the lag is then not known. Read committed offsets first, log end offsets after;
// a commit that is still ahead counts as 0.
func (o Offsets) Behind(committed Offsets) (int64, bool) {
	var lag int64
	for partition, end := range o {
		offset, ok := committed[partition]
		if !ok && end > 0 {
			return 0, false
		}
		lag += max(0, end-offset)
	}
	return lag, true
}

// Probe measures a topic and its consumer groups straight at the brokers, apart from the adapter, so that the demo doesn't
// judge the adapter by its own word.
type Probe struct {
	client sarama.Client
	admin  sarama.ClusterAdmin
}

// NewProbe returns a probe that uses client, and leaves it to the caller to close.
func NewProbe(client sarama.Client) (*Probe, error) {
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return &Probe{client: client, admin: admin}, nil
}

// LogEndOffsets is the offset after the last record of each partition of the topic: of all of them, or an error.
func (p *Probe) LogEndOffsets(topic string) (Offsets, error) {
	partitions, err := partitionsOf(p.client, topic)
	if err != nil {
		return nil, err
	}
	ask := make(map[int32]int64, len(partitions))
	for _, id := range partitions {
		ask[id] = sarama.OffsetNewest
	}
	answer, err := p.admin.ListOffsets(map[string]map[int32]int64{topic: ask}, nil)
	if err != nil {
		return nil, fmt.Errorf("log end offsets of topic %s: %w", topic, err)
	}
	ends := make(Offsets, len(partitions))
	for _, id := range partitions {
		result := answer[topic][id]
		if result == nil {
			return nil, fmt.Errorf("log end offset of topic %s partition %d: %w", topic, id, sarama.ErrIncompleteResponse)
		}
		if result.Err != nil && !errors.Is(result.Err, sarama.ErrNoError) {
			return nil, fmt.Errorf("log end offset of topic %s partition %d: %w", topic, id, result.Err)
		}
		ends[id] = result.Offset
	}
	return ends, nil
}

// Committed is the group's committed offset of each partition of the topic. A partition for which the group has
// committed nothing is left out.
func (p *Probe) Committed(group, topic string) (Offsets, error) {
	partitions, err := partitionsOf(p.client, topic)
	if err != nil {
		return nil, err
	}
	answer, err := p.admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: partitions})
	if err != nil {
		return nil, fmt.Errorf("committed offsets of group %s: %w", group, err)
	}
	committed := make(Offsets, len(partitions))
	for _, id := range partitions {
		block := answer.GetBlock(topic, id)
		if block == nil {
			return nil, fmt.Errorf("committed offset of group %s, topic %s partition %d: %w", group, topic, id, sarama.ErrIncompleteResponse)
		}
		if block.Err != sarama.ErrNoError {
			return nil, fmt.Errorf("committed offset of group %s, topic %s partition %d: %w", group, topic, id, block.Err)
		}
		if block.Offset >= 0 {
			committed[id] = block.Offset
		}
	}
	return committed, nil
}
