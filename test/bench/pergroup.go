package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/sync/errgroup"
)

// inFlight is how many groups the baseline reads at once.
const inFlight = 100

// clientPerGroup is the baseline, the way of KEDA's Kafka scaler: each group has a client of its own, with sarama's
// defaults, and names its topic.
type clientPerGroup struct {
	addrs  []string
	groups span
	lags   []*lagReader // by number of the group, less groups.from; nil when not connected
}

func newClientPerGroup(addrs []string, groups span) *clientPerGroup {
	return &clientPerGroup{addrs: addrs, groups: groups, lags: make([]*lagReader, groups.to-groups.from)}
}

func (c *clientPerGroup) poll(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(inFlight)
	for i := range c.lags {
		all.Go(func() error {
			group := c.groups.from + i
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if c.lags[i] == nil {
				reader, err := newLagReader(c.addrs[:1], groupName(group), topicOf(group))
				if err != nil {
					return err
				}
				c.lags[i] = reader
			}
			got, err := c.lags[i].read()
			return check(groupName(group), got, err)
		})
	}
	err := all.Wait()
	return time.Since(start), err
}

func (c *clientPerGroup) forget() error {
	var errs []error
	for i, reader := range c.lags {
		if reader != nil {
			errs = append(errs, reader.admin.Close())
			c.lags[i] = nil
		}
	}
	return errors.Join(errs...)
}

// lagReader reads the lag of one group on one topic.
type lagReader struct {
	group, topic string
	client       sarama.Client
	admin        sarama.ClusterAdmin
}

func newLagReader(bootstrap []string, group, topic string) (*lagReader, error) {
	conf := sarama.NewConfig()
	conf.Version = sarama.V1_0_0_0 // KEDA's default
	client, err := sarama.NewClient(bootstrap, conf)
	if err != nil {
		return nil, err
	}
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &lagReader{group: group, topic: topic, client: client, admin: admin}, nil
}

// read asks which partitions there are, then, at once, what the group has committed and where they end.
func (r *lagReader) read() (int64, error) {
	described, err := r.admin.DescribeTopics([]string{r.topic})
	if err != nil {
		return 0, err
	}
	if len(described) != 1 || described[0].Err != sarama.ErrNoError {
		return 0, fmt.Errorf("topic %s is not there", r.topic)
	}
	ids := make([]int32, 0, partitions)
	for _, partition := range described[0].Partitions {
		ids = append(ids, partition.ID)
	}
	requests, err := r.byLeader(ids) // also opens connections, which sarama can't do twice at once
	if err != nil {
		return 0, err
	}
	var committed *sarama.OffsetFetchResponse
	var ends []*sarama.OffsetResponse
	var both errgroup.Group
	both.Go(func() (err error) {
		committed, err = r.admin.ListConsumerGroupOffsets(r.group, map[string][]int32{r.topic: ids})
		return err
	})
	both.Go(func() (err error) {
		ends, err = listEnds(requests)
		return err
	})
	if err := both.Wait(); err != nil {
		return 0, err
	}
	var sum int64
	for _, answer := range ends {
		for id, block := range answer.Blocks[r.topic] {
			commit := committed.GetBlock(r.topic, id)
			if err := errors.Join(kafkaError(block.Err), kafkaError(commit.Err)); err != nil {
				return 0, fmt.Errorf("partition %d: %w", id, err)
			}
			sum += block.Offset - commit.Offset
		}
	}
	return sum, nil
}

// byLeader makes the requests for the ends of the partitions.
func (r *lagReader) byLeader(ids []int32) (map[*sarama.Broker]*sarama.OffsetRequest, error) {
	requests := map[*sarama.Broker]*sarama.OffsetRequest{}
	for _, id := range ids {
		leader, err := r.client.Leader(r.topic, id)
		if err != nil {
			return nil, err
		}
		if requests[leader] == nil {
			requests[leader] = sarama.NewOffsetRequest(r.client.Config().Version)
		}
		requests[leader].AddBlock(r.topic, id, sarama.OffsetNewest, 1)
	}
	return requests, nil
}

// listEnds asks each leader once.
func listEnds(requests map[*sarama.Broker]*sarama.OffsetRequest) ([]*sarama.OffsetResponse, error) {
	answers := make(chan *sarama.OffsetResponse, len(requests))
	var all errgroup.Group
	for leader, request := range requests {
		all.Go(func() error {
			answer, err := leader.GetAvailableOffsets(request)
			answers <- answer
			return err
		})
	}
	err := all.Wait()
	close(answers)
	var got []*sarama.OffsetResponse
	for answer := range answers {
		got = append(got, answer)
	}
	return got, err
}

// kafkaError is nil for sarama's "no error", which is a value of its own.
func kafkaError(err sarama.KError) error {
	if err == sarama.ErrNoError {
		return nil
	}
	return err
}
