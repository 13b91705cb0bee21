//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/flink-hpa/flink-hpa/adapter/audit"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/test/bed"
)

// rule is the one of testdata/scalingrule.yaml.
const rule = "paced"

func TestRuleScalesTheJobAndEachEditCounts(t *testing.T) {
	holdAt(t, 1)
	apply(t, "scalingrule.yaml")
	eventually(t, time.Minute, "the rule has a value", ruleServes(1))
	scaleOn(t, external(rule, nil, perReplica("1")))

	edit(t, `{"spec": {"expression": "math.greatest(desired, 2.0)"}}`)
	eventually(t, 2*time.Minute, "an edit counts", ruleServes(2))
	eventually(t, 2*time.Minute, "the HPA follows", wants(2, 2))
	eventually(t, 2*time.Minute, "the job takes the TaskManagers", runsAt(2))

	edit(t, `{"spec": {"expression": "desired +"}}`)
	eventually(t, time.Minute, "the status says what is wrong", ruleSays(func(s v1alpha1.ScalingRuleStatus) error {
		if s.ServingGeneration >= s.ObservedGeneration || s.LastGood == nil || !strings.Contains(s.Error, "spec.expression") {
			return fmt.Errorf("generation %d serves and %d is the newest, with the error %q", s.ServingGeneration, s.ObservedGeneration, s.Error)
		}
		return nil
	}))
	always(t, 15*time.Second, "the last good one goes on", ruleServes(2))

	edit(t, `{"spec": {"expression": "desired", "schedules": [{"name": "always", "start": "0 0 * * *", "end": "0 0 * * *", "floor": 3}]}}`)
	eventually(t, 2*time.Minute, "a floor counts", ruleServes(3))
	eventually(t, time.Minute, "the status says why", ruleSays(func(s v1alpha1.ScalingRuleStatus) error {
		if !strings.Contains(s.Reason, "floor of schedule always") || s.Error != "" || s.LastGood != nil {
			return fmt.Errorf("the reason is %q, and the error %q", s.Reason, s.Error)
		}
		return nil
	}))
	eventually(t, 2*time.Minute, "the HPA follows the floor", wants(3, 3))
	eventually(t, 2*time.Minute, "the job takes three TaskManagers", runsAt(3))

	until := time.Now().Add(90 * time.Second).UTC().Format(time.RFC3339)
	edit(t, `{"spec": {"override": {"taskManagers": 1, "until": "`+until+`", "by": "e2e"}}}`)
	eventually(t, 30*time.Second, "an override counts", ruleServes(1))
	eventually(t, time.Minute, "the HPA follows the override", wants(1, 1))
	eventually(t, 3*time.Minute, "it ends by itself", ruleServes(3))

	edit(t, `{"spec": {"mode": "Pause", "expression": "1.0", "schedules": null, "override": null}}`)
	eventually(t, time.Minute, "the status says that it is paused", ruleSays(because("paused")))
	always(t, 10*time.Second, "a pause keeps the number", ruleServes(3))
	edit(t, `{"spec": {"mode": "Observe"}}`)
	eventually(t, time.Minute, "the status says what would be", ruleSays(func(s v1alpha1.ScalingRuleStatus) error {
		if s.WouldBe == nil || *s.WouldBe != 1 || s.Value == nil || *s.Value != 3 {
			return fmt.Errorf("the value is %d, and would be %d: %s", ptr.Deref(s.Value, -1), ptr.Deref(s.WouldBe, -1), s.Reason)
		}
		return nil
	}))
	always(t, 10*time.Second, "who only observes keeps the number", ruleServes(3))
	edit(t, `{"spec": {"mode": "Scale", "thresholds": [{"name": "runs", "when": "job.taskManagers > 0.0", "for": "10s", "expression": "2.0"}]}}`)
	eventually(t, time.Minute, "a threshold is met", ruleServes(2))
	eventually(t, time.Minute, "the status says which", ruleSays(because("threshold runs")))
	eventually(t, time.Minute, "the HPA follows the threshold", wants(2, 2))

	eventually(t, time.Minute, "Events on the HPA tell of each change", func(ctx context.Context) error {
		told, err := cluster.Client.CoreV1().Events(bed.SampleNamespace).List(ctx, metav1.ListOptions{
			FieldSelector: "involvedObject.kind=HorizontalPodAutoscaler,reason=" + audit.ReasonRule,
		})
		if err != nil {
			return err
		}
		var notes []string
		for _, event := range told.Items {
			notes = append(notes, event.Message)
		}
		for _, want := range []string{"from 1 to 2 TaskManagers: expression", "from 2 to 3 TaskManagers: ", "from 3 to 1 TaskManagers: override by e2e until "} {
			if !strings.Contains(strings.Join(notes, "\n"), want) {
				return fmt.Errorf("%q lacks %q", notes, want)
			}
		}
		return nil
	})
}

func TestRuleOfAnotherNameIsToldOf(t *testing.T) {
	apply(t, "scalingrule.yaml")
	eventually(t, time.Minute, "the error names the rule that there is", func(ctx context.Context) error {
		output, err := raw(ctx, bed.SampleNamespace, "placed", "")
		want := `in namespace "` + bed.SampleNamespace + `" the ScalingRules ` + rule
		switch {
		case err == nil:
			return fmt.Errorf("there is a value: %s", output)
		case !strings.Contains(output, want):
			return fmt.Errorf("it lacks %s: %w", want, err)
		}
		return nil
	})
}

// edit merges a patch into the rule.
func edit(t *testing.T, patch string) {
	t.Helper()
	if _, err := cluster.Run(t.Context(), "patch", "scalingrule", rule, "-n", bed.SampleNamespace, "--type=merge", "-p", patch); err != nil {
		t.Fatal(err)
	}
}

// ruleServes is content when whoever asks for the rule is told that value.
func ruleServes(want int) func(context.Context) error {
	return func(ctx context.Context) error {
		output, err := raw(ctx, bed.SampleNamespace, rule, "")
		if err != nil {
			return err
		}
		if !strings.Contains(output, fmt.Sprintf(`"value":"%d"`, want)) {
			return fmt.Errorf("want %d, got %s", want, output)
		}
		return nil
	}
}

// because is content with a status whose reason begins so.
func because(reason string) func(v1alpha1.ScalingRuleStatus) error {
	return func(s v1alpha1.ScalingRuleStatus) error {
		if !strings.HasPrefix(s.Reason, reason) {
			return fmt.Errorf("the reason is %q, and the error %q", s.Reason, s.Error)
		}
		return nil
	}
}

// ruleSays is content when check is, with the rule's status.
func ruleSays(check func(v1alpha1.ScalingRuleStatus) error) func(context.Context) error {
	return func(ctx context.Context) error {
		output, err := cluster.Run(ctx, "get", "scalingrule", rule, "-n", bed.SampleNamespace, "-o", "json")
		if err != nil {
			return err
		}
		var found v1alpha1.ScalingRule
		if err := json.Unmarshal([]byte(output), &found); err != nil {
			return err
		}
		return check(found.Status)
	}
}
