package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// relistAfter is how often a group that no broker knows is looked for again. All other reasons to send ListGroups
// apply at once.
const relistAfter = 10 * time.Second

// commits are a group's committed offsets: topic -> partition -> offset. A group in it has at least one.
type commits map[string]commit

type commit struct {
	offsets map[int32]int64
	err     error
}

// committed fetches the groups' committed offsets, with one request for each coordinator. Each group is in exactly one
// of the two answers.
func (c *Client) committed(ctx context.Context, groups []string) (map[string]commits, map[string]error) {
	failures := map[string]error{}
	byCoordinator := map[int32][]string{}
	if c.mustList(groups) {
		c.listGroups(ctx)
	}
	for _, group := range groups {
		id, placed := c.coordinators[group]
		switch {
		case placed:
			byCoordinator[id] = append(byCoordinator[id], group)
		case c.listFailure != nil:
			failures[group] = fmt.Errorf("its coordinator is not known: %w", c.listFailure)
		default:
			failures[group] = errUnknownGroup
		}
	}
	found := make(map[string]commits, len(groups))
	var mu sync.Mutex
	atOnce(byCoordinator, func(id int32, groups []string) {
		fetched, err := fetchOffsets(ctx, c.brokers[id], groups)
		mu.Lock()
		defer mu.Unlock()
		for _, group := range groups {
			answer, ok := fetched[group]
			switch {
			case err != nil:
				failures[group] = err
			case !ok:
				failures[group] = fmt.Errorf("%s: OffsetFetch: the answer lacks the group", c.brokers[id])
			case answer.Err != sarama.ErrNoError:
				failures[group] = fmt.Errorf("%s: OffsetFetch: %w", c.brokers[id], answer.Err)
				c.moved = c.moved || movedAway(answer.Err)
			default:
				if found[group] = commitsOf(answer); len(found[group]) == 0 {
					delete(found, group)
					failures[group] = errNothingCommitted
				}
			}
		}
	})
	return found, failures
}

// mustList tells whether ListGroups is due: never sent to these brokers, a broker's answer missing, or a group unknown
// for a while.
func (c *Client) mustList(groups []string) bool {
	if c.listed.IsZero() || c.listFailure != nil {
		return true
	}
	for _, group := range groups {
		if _, placed := c.coordinators[group]; !placed && c.opts.Clock.Since(c.listed) >= relistAfter {
			return true
		}
	}
	return false
}

// listGroups asks every broker which groups it coordinates.
func (c *Client) listGroups(ctx context.Context) {
	coordinators := map[string]int32{}
	var failure error
	var mu sync.Mutex
	atOnce(c.brokers, func(id int32, b *broker) {
		response, err := ask(ctx, b, "ListGroups", func(conn *sarama.Broker) (*sarama.ListGroupsResponse, error) {
			return conn.ListGroups(&sarama.ListGroupsRequest{Version: 4})
		})
		if err == nil && response.Err != sarama.ErrNoError {
			err = fmt.Errorf("%s: ListGroups: %w", b, response.Err)
		}
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			if failure == nil || err.Error() < failure.Error() { // the same one each time
				failure = err
			}
			return
		}
		for group := range response.Groups {
			coordinators[group] = id
		}
	})
	c.coordinators, c.listFailure, c.listed = coordinators, failure, c.opts.Clock.Now()
}

func fetchOffsets(ctx context.Context, b *broker, groups []string) (map[string]sarama.OffsetFetchResponseGroup, error) {
	response, err := ask(ctx, b, "OffsetFetch", func(conn *sarama.Broker) (*sarama.OffsetFetchResponse, error) {
		request := &sarama.OffsetFetchRequest{Version: 8}
		for _, group := range groups { // no partitions named: all that the group has committed
			request.Groups = append(request.Groups, sarama.OffsetFetchRequestGroup{GroupId: group})
		}
		return conn.FetchOffset(request)
	})
	if err != nil {
		return nil, err
	}
	if response.Version < 8 {
		return nil, fmt.Errorf("%s: OffsetFetch: it speaks version %d; version 8 is needed, so Kafka 3.0 or newer", b, response.Version)
	}
	byGroup := make(map[string]sarama.OffsetFetchResponseGroup, len(response.Groups))
	for _, group := range response.Groups {
		byGroup[group.GroupId] = group
	}
	return byGroup, nil
}

func commitsOf(group sarama.OffsetFetchResponseGroup) commits {
	topics := commits{}
	for name, blocks := range group.Blocks {
		topic := commit{offsets: map[int32]int64{}}
		for partition, block := range blocks {
			switch {
			case block.Err != sarama.ErrNoError:
				topic.err = fmt.Errorf("OffsetFetch: %w", block.Err)
			case block.Offset >= 0:
				topic.offsets[partition] = block.Offset
			}
		}
		if len(topic.offsets) > 0 || topic.err != nil {
			topics[name] = topic
		}
	}
	return topics
}

// movedAway tells whether an error means that the broker isn't the group's coordinator any more.
func movedAway(err error) bool {
	return errors.Is(err, sarama.ErrNotCoordinatorForConsumer) || errors.Is(err, sarama.ErrConsumerCoordinatorNotAvailable)
}
