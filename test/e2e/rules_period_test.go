//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/load"
)

const (
	// period is the shortest that a rule may have.
	period = time.Minute
	// periodGroup is a consumer group that nobody belongs to, and its topic.
	periodGroup = "period"
)

func TestRuleWithAPeriodFollowsItsInputAtTheNextEvaluation(t *testing.T) {
	holdAt(t, 1)
	makeTopic(t, periodGroup)
	commitAll(t, periodGroup)
	apply(t, "scalingrule.yaml")
	scaleOn(t, external(rule, nil, perReplica("1")))
	edit(t, `{"spec": {"every": "`+period.String()+`", "expression": "inputs.lag > 0.0 ? 2.0 : 1.0", "inputs": [
		{"name": "lag", "metric": "`+lagMetric+`", "selector": {"matchLabels": {"group": "`+periodGroup+`"}}}]}}`)
	var first v1alpha1.Period
	eventually(t, rounds, "the rule is evaluated", ruleSays(func(s v1alpha1.ScalingRuleStatus) error {
		if s.State.Period == nil || s.State.Period.TaskManagers != 1 {
			return fmt.Errorf("the period is %+v, and the error %q", s.State.Period, s.Error)
		}
		first = *s.State.Period
		return nil
	}))
	next := first.Evaluated.Add(period)

	send(t, periodGroup, "key", 10)
	eventually(t, time.Until(next), "the input changes within the period", reads("group="+periodGroup, 10))
	if left := time.Until(next); left < 10*time.Second {
		t.Fatalf("only %s of the period are left to see that the number stays", left)
	}
	stays := ruleSays(func(s v1alpha1.ScalingRuleStatus) error {
		if now := s.State.Period; now == nil || !now.Evaluated.Equal(&first.Evaluated) || ptr.Deref(s.Value, -1) != 1 || s.Error != "" {
			return fmt.Errorf("the value is %d of the period %+v, and the error %q", ptr.Deref(s.Value, -1), now, s.Error)
		}
		return nil
	})
	always(t, time.Until(next)-2*time.Second, "the number stays till the next evaluation", func(ctx context.Context) error {
		return errors.Join(stays(ctx), ruleServes(1)(ctx), wants(1, 1)(ctx))
	})

	eventually(t, 30*time.Second, "the next evaluation takes up what the input is by then", ruleSays(func(s v1alpha1.ScalingRuleStatus) error {
		if now := s.State.Period; now == nil || now.Evaluated.Time.Before(next) || now.TaskManagers != 2 || now.By != "expression" {
			return fmt.Errorf("the period is %+v, and the error %q", now, s.Error)
		}
		return nil
	}))
	eventually(t, rounds, "it is served", ruleServes(2))
	eventually(t, 2*time.Minute, "the HPA follows", wants(2, 2))
}

// commitAll has a group commit the end of each partition of the topic of its name, as one that has read all of it.
func commitAll(t *testing.T, group string) {
	t.Helper()
	client, err := load.Connect([]string{cluster.Kafka})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		t.Fatal(errors.Join(err, client.Close()))
	}
	defer admin.Close() // the client too
	ends := make([]int64, bed.Partitions)
	for partition := range ends {
		if ends[partition], err = client.GetOffset(group, int32(partition), sarama.OffsetNewest); err != nil {
			t.Fatal(err)
		}
	}
	(&stage{admin: admin}).commit(t, group, group, ends...)
}
