package rule

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
)

const (
	// defaultStabilization is for rules that say nothing of it.
	defaultStabilization = 30 * time.Second
	// leastEvery is the shortest period. A round comes every five seconds by itself.
	leastEvery = time.Minute
)

// policies compiles all of a spec that isn't its inputs and its expression.
func (c *compiler) policies(spec v1alpha1.ScalingRuleSpec) {
	p := c.program
	if p.spec.Mode == "" {
		p.spec.Mode = v1alpha1.ModeScale
	}
	switch p.spec.Mode {
	case v1alpha1.ModeScale, v1alpha1.ModeObserve, v1alpha1.ModePause:
	default:
		c.refuse(c.at.Child("mode"), spec.Mode, "must be Scale, Observe or Pause")
	}
	p.every = c.duration(c.at.Child("every"), spec.Every, 0)
	if spec.Every != nil && p.every < leastEvery {
		c.refuse(c.at.Child("every"), spec.Every.Duration.String(), "must be %s or more; leave it out to evaluate in each round", leastEvery)
	}
	p.gather = c.duration(c.at.Child("stabilization"), spec.Stabilization, defaultStabilization)
	seen := map[string]bool{}
	for i, t := range spec.Thresholds {
		c.threshold(c.at.Child("thresholds").Index(i), t, seen)
	}
	clear(seen)
	for i, s := range spec.Schedules {
		c.schedule(c.at.Child("schedules").Index(i), s, seen)
	}
	if spec.Override != nil {
		c.within(c.at.Child("override", "taskManagers"), &spec.Override.TaskManagers, 0)
	}
	if spec.Limits != nil {
		c.limits(c.at.Child("limits"), *spec.Limits)
	}
}

func (c *compiler) threshold(at *field.Path, t v1alpha1.Threshold, seen map[string]bool) {
	c.unique(at.Child("name"), t.Name, seen)
	compiled := threshold{name: t.Name, when: c.condition(at.Child("when"), t.When), lasts: c.duration(at.Child("for"), t.For, 0)}
	if t.Expression != "" {
		expression := c.number(at.Child("expression"), t.Expression)
		compiled.expression = &expression
	}
	c.program.thresholds = append(c.program.thresholds, compiled)
}

func (c *compiler) schedule(at *field.Path, s v1alpha1.Schedule, seen map[string]bool) {
	c.unique(at.Child("name"), s.Name, seen)
	compiled := window{name: s.Name, floor: s.Floor, fixed: s.Fixed}
	var err error
	if compiled.start, err = moment(s.Start); err != nil {
		c.refuse(at.Child("start"), s.Start, "%v", err)
	}
	if compiled.end, err = moment(s.End); err != nil {
		c.refuse(at.Child("end"), s.End, "%v", err)
	}
	// Local would be the zone of the machine that the adapter runs on.
	if compiled.zone, err = time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "Local" {
		c.refuse(at.Child("timeZone"), s.TimeZone, "is no time zone of the IANA's, such as Europe/Berlin")
	}
	if (s.Floor == nil) == (s.Fixed == nil) {
		c.refuse(at, s.Name, "either floor or fixed is needed: floor is the least, fixed the number itself")
	}
	c.within(at.Child("floor"), s.Floor, 0)
	c.within(at.Child("fixed"), s.Fixed, 0)
	c.program.schedules = append(c.program.schedules, compiled)
}

func (c *compiler) limits(at *field.Path, l v1alpha1.Limits) {
	c.within(at.Child("min"), l.Min, 0)
	c.within(at.Child("max"), l.Max, 0)
	c.within(at.Child("stepUp"), l.StepUp, 1)
	c.within(at.Child("stepDown"), l.StepDown, 1)
	if l.Min != nil && l.Max != nil && *l.Min > *l.Max {
		c.refuse(at.Child("min"), *l.Min, "must not be more than max, which is %d", *l.Max)
	}
}

// within refuses a number of TaskManagers that can't be.
func (c *compiler) within(at *field.Path, given *int32, least int32) {
	if given != nil && (*given < least || *given > maxTaskManagers) {
		c.refuse(at, *given, "must be %d to %d", least, maxTaskManagers)
	}
}

func (c *compiler) duration(at *field.Path, given *metav1.Duration, otherwise time.Duration) time.Duration {
	if given == nil {
		return otherwise
	}
	if given.Duration < 0 {
		c.refuse(at, given.Duration.String(), "must not be negative")
	}
	return given.Duration
}

// unique refuses a name that an element of the list before has.
func (c *compiler) unique(at *field.Path, name string, seen map[string]bool) {
	if seen[name] {
		c.mistakes = append(c.mistakes, field.Duplicate(at, name))
	}
	seen[name] = true
}
