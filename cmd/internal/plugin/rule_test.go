package plugin

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

func TestAScalingRuleInWords(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name, rule, want string
	}{
		{"a new one", `{}`, `
value:  none: no replica of the adapter has evaluated the rule yet
`},
		{"one that is as it should be", `
status:
  value: 4
  reason: expression
  evaluated: "2026-07-01T11:59:50Z"
  inputsTime: "2026-07-01T11:59:45Z"
  state: {value: 4, changed: "2026-07-01T11:00:00Z"}
  conditions:
  - {type: Compiled, status: "True", reason: Compiled, lastTransitionTime: "2026-07-01T10:00:00Z"}
  - {type: InputsFound, status: "False", reason: Missing, message: job.busy has no value, lastTransitionTime: "2026-07-01T11:59:00Z"}`, `
value:      4 since 2026-07-01T11:00:00Z (60m ago)
reason:     expression
evaluated:  2026-07-01T11:59:50Z (10s ago), by numbers of 2026-07-01T11:59:45Z (15s ago)

condition    status  since                            why
Compiled     True    2026-07-01T10:00:00Z (120m ago)  Compiled
InputsFound  False   2026-07-01T11:59:00Z (60s ago)   job.busy has no value
`},
		{"thresholds, schedules, a period, and what a change waits for", `
spec:
  every: 1h
  thresholds: [{name: surge, for: 2m}, {name: heap, for: 5m}]
  schedules:
  - {name: night, start: 0 22 * * *, end: 0 6 * * *, timeZone: UTC, fixed: 1}
  - {name: office, start: 0 8 * * MON-FRI, end: 0 18 * * MON-FRI, timeZone: Europe/Berlin, floor: 6}
status:
  value: 4
  reason: threshold surge, floor of schedule office, limits.stepUp, 6 wanted, 5 from 12:00:10 on at the earliest
  evaluated: "2026-07-01T12:00:00Z"
  state:
    value: 4
    changed: "2026-06-30T12:00:00Z"
    pending: "2026-07-01T11:59:40Z"
    period: {evaluated: "2026-07-01T11:30:00Z", taskManagers: 3, by: expression}
    thresholds:
    - {name: surge, since: "2026-07-01T11:50:00Z", met: true}
    - {name: heap, since: "2026-07-01T11:58:00Z"}`, `
value:      4 since 2026-06-30T12:00:00Z (24h ago)
reason:     threshold surge, floor of schedule office, limits.stepUp, 6 wanted, 5 from 12:00:10 on at the earliest
schedule:   office: floor 6 from "0 8 * * MON-FRI" to "0 18 * * MON-FRI", Europe/Berlin
waits for:  5 from 12:00:10 on at the earliest (UTC); another number has been wanted since 2026-07-01T11:59:40Z (20s ago)
period:     3 by expression, found 2026-07-01T11:30:00Z (30m ago); next at 2026-07-01T12:30:00Z or when a threshold is met
evaluated:  2026-07-01T12:00:00Z (0s ago)

threshold  holds since                     met
surge      2026-07-01T11:50:00Z (10m ago)  yes
heap       2026-07-01T11:58:00Z (2m ago)   not yet, from 2026-07-01T12:03:00Z on
`},
		{"what the last good spec says, while the newest can't be used", `
spec: {schedules: [{name: night, start: a, end: b, fixed: 2}]}
status:
  error: "expression: desired has no value: the job restarts; generation 2 of the spec can't be used"
  evaluated: "2026-07-01T12:00:00Z"
  reason: schedule night
  lastGood: {schedules: [{name: night, start: 0 22 * * *, end: 0 6 * * *, timeZone: UTC, fixed: 1}]}`, `
value:      none: HPAs on it get an error and keep their replicas
reason:     schedule night
schedule:   night: fixed 1 from "0 22 * * *" to "0 6 * * *", UTC
evaluated:  2026-07-01T12:00:00Z (0s ago)
error:      expression: desired has no value: the job restarts; generation 2 of the spec can't be used
`},
		{"one that only observes", `
status: {value: 4, wouldBe: 6, reason: "expression, observed only", evaluated: "2026-07-01T12:00:00Z", state: {held: 4, value: 6, changed: "2026-07-01T11:00:00Z"}}`, `
value:      4, held in mode Observe; 6 in mode Scale
reason:     expression, observed only
evaluated:  2026-07-01T12:00:00Z (0s ago)
`},
		{"one that would have no value", `
status: {value: 4, error: "expression: job.lag has no value: nobody knows", evaluated: "2026-07-01T12:00:00Z", state: {held: 4, value: 6, changed: "2026-07-01T11:00:00Z"}}`, `
value:      4, held in mode Observe; none in mode Scale
evaluated:  2026-07-01T12:00:00Z (0s ago)
error:      expression: job.lag has no value: nobody knows
`},
		{"one that nobody has looked at for a while", `
status: {value: 4, reason: expression, evaluated: "2026-07-01T11:58:29Z", state: {value: 4, changed: "2026-07-01T11:00:00Z"}}`, `
value:      none: the rule was not evaluated for more than 1m30s, so HPAs on it get an error and keep their replicas; the log of the adapter says why
reason:     expression
evaluated:  2026-07-01T11:58:29Z (91s ago)
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var rule v1alpha1.ScalingRule
			if err := yaml.UnmarshalStrict([]byte(test.rule), &rule); err != nil {
				t.Fatal(err)
			}
			rule.Namespace, rule.Name = "shop", "orders"
			if diff := cmp.Diff("ScalingRule shop/orders"+test.want, inWords(rule, now)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
