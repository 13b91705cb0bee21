package bench

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kmsg"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/test/bench/fleet"
)

// growWith has every partition end where the fleet's jobs say that they read, by this clock: as if somebody wrote all the time.
func (c *cluster) growWith(clock clock.PassiveClock) {
	c.fake.ControlKey(int16(kmsg.ListOffsets), func(request kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		asked, ok := request.(*kmsg.ListOffsetsRequest)
		if !ok {
			return nil, errors.New("not a ListOffsets request"), true
		}
		return ends(asked, fleet.End(clock.Now())), nil, true
	})
}

// ends answers that each partition begins at 0 and ends at end.
func ends(request *kmsg.ListOffsetsRequest, end int64) *kmsg.ListOffsetsResponse {
	const earliest = -2
	answer := request.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, topic := range request.Topics {
		of := kmsg.NewListOffsetsResponseTopic()
		of.Topic = topic.Topic
		for _, partition := range topic.Partitions {
			at := kmsg.NewListOffsetsResponseTopicPartition()
			at.Partition, at.Offset = partition.Partition, end
			if partition.Timestamp == earliest {
				at.Offset = 0
			}
			of.Partitions = append(of.Partitions, at)
		}
		answer.Topics = append(answer.Topics, of)
	}
	return answer
}
