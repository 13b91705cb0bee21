package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// relistAfter is how often a group that no broker knows is looked for again. All other reasons to send ListGroups
// apply at once.
const relistAfter = 10 * time.Second

// standings reads the groups' committed offsets, with one request for each coordinator. A group is in exactly one of the two
// answers. Groups whose coordinator has moved or failed are looked for at the other brokers, once.
func (c *Client) standings(ctx context.Context, asked map[string]*questions) ([]standing, map[string]error) {
	if len(asked) == 0 {
		return nil, nil
	}
	groups := make([]string, 0, len(asked))
	for group := range asked {
		groups = append(groups, group)
	}
	if c.mustList(groups) {
		c.listGroups(ctx, groups)
	}
	found, failures := c.fetch(ctx, groups)
	if astray := c.astray(failures); len(astray) > 0 {
		c.listGroups(ctx, groups)
		again, failed := c.fetch(ctx, astray)
		for group, commits := range again {
			found[group] = commits
			delete(failures, group)
		}
		for group, err := range failed {
			if _, placed := c.coordinators[group]; placed { // else the first reason says more
				failures[group] = err
			}
		}
	}
	var standings []standing
	for group, q := range asked {
		commits, ok := found[group]
		unplaced := errors.Is(failures[group], errUnknownGroup) || errors.Is(failures[group], errNothingCommitted)
		if unplaced && c.opts.Lag.UncommittedGroup != config.Error && len(q.names) > 0 {
			ok = true
			delete(failures, group)
		}
		if ok {
			standings = append(standings, standing{group: group, asked: q, commits: commits})
		}
	}
	return standings, failures
}

// astray are the groups whose coordinator isn't it any more, or failed.
func (c *Client) astray(failures map[string]error) []string {
	var groups []string
	for group, err := range failures {
		id, placed := c.coordinators[group]
		if code := sarama.KError(0); placed && (c.brokers[id].failed != nil || errors.As(err, &code) && movedAway(code)) {
			groups = append(groups, group)
		}
	}
	return groups
}

// mustList tells whether ListGroups is due: never sent to these brokers, a broker's answer missing, or a group that it has not been
// asked for yet, or not for a while.
func (c *Client) mustList(groups []string) bool {
	if c.listed.IsZero() || c.listFailure != nil {
		return true
	}
	for _, group := range groups {
		if _, placed := c.coordinators[group]; placed {
			continue
		}
		if since, sought := c.absent[group]; !sought || c.opts.Clock.Since(since) >= relistAfter {
			return true
		}
	}
	return false
}

// listGroups asks every broker which groups it coordinates, and notes which of the groups wanted none does.
func (c *Client) listGroups(ctx context.Context, wanted []string) {
	coordinators := map[string]int32{}
	var failure error
	var mu sync.Mutex
	atOnce(c.brokers, func(id int32, b *broker) {
		response, err := ask(ctx, b, "ListGroups", func(conn *sarama.Broker) (*sarama.ListGroupsResponse, error) {
			return conn.ListGroups(&sarama.ListGroupsRequest{Version: 4})
		})
		if err == nil && response.Err != sarama.ErrNoError {
			b.meter.Failed(kindOfCode(response.Err))
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
	for _, group := range wanted {
		if _, placed := coordinators[group]; placed {
			delete(c.absent, group)
		} else {
			c.absent[group] = c.listed
		}
	}
}

// fetch asks the coordinators for the groups' committed offsets. Each group is in exactly one of the two answers.
func (c *Client) fetch(ctx context.Context, groups []string) (map[string]commits, map[string]error) {
	failures := map[string]error{}
	byCoordinator := map[int32][]string{}
	for _, group := range groups {
		id, placed := c.coordinators[group]
		switch {
		case placed && c.brokers[id] != nil:
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
		b := c.brokers[id]
		fetched, err := fetchOffsets(ctx, b, groups)
		mu.Lock()
		defer mu.Unlock()
		for _, group := range groups {
			answer, ok := fetched[group]
			switch {
			case err != nil:
				failures[group] = err
			case !ok:
				failures[group] = fmt.Errorf("%s: OffsetFetch: the answer lacks the group", b)
			case answer.Err != sarama.ErrNoError:
				b.meter.Failed(kindOfCode(answer.Err))
				failures[group] = fmt.Errorf("%s: OffsetFetch: %w", b, answer.Err)
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

// movedAway tells whether an answer means that another broker is to be asked.
func movedAway(code sarama.KError) bool {
	switch code {
	case sarama.ErrNotCoordinatorForConsumer, sarama.ErrConsumerCoordinatorNotAvailable,
		sarama.ErrNotLeaderForPartition, sarama.ErrLeaderNotAvailable, sarama.ErrFencedLeaderEpoch, sarama.ErrUnknownLeaderEpoch,
		sarama.ErrReplicaNotAvailable:
		return true
	}
	return false
}
