package webhook

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// property is a setting to inject.
type property struct{ key, value string }

func (p property) String() string { return p.key + "=" + p.value }

// missing are the properties that the pod gets: those of its profile that it doesn't set, that don't conflict with what it sets and
// that its version knows, and what it asks for. Warnings say what could not be done.
func (s subject) missing(profile Profile) (properties []property, warnings []string) {
	properties, warnings = s.requested()
	warnings = append(warnings, s.own.warnings...)
	for _, why := range s.own.unseen {
		warnings = append(warnings, why+". Only what can't conflict with it is injected")
	}
	defaults := profile.of(s.container.role)
	for _, p := range defaults {
		option, _ := flinkconf.FindOption(p.key)
		switch {
		case !s.allows(p.key), !option.In(s.version), p.key == flinkconf.HeartbeatInterval: // which comes with the timeout
		case p.key == flinkconf.HeartbeatTimeout:
			pair, err := heartbeats(defaults, s.own)
			if err != nil {
				warnings = append(warnings, err.Error())
			}
			properties = append(properties, pair...)
		case !s.own.says(p.key) && s.fits(p.key, defaults):
			properties = append(properties, p)
		}
	}
	return properties, warnings
}

// allows says whether this pod may get the option by default.
func (s subject) allows(key string) bool {
	switch {
	case len(s.own.unseen) > 0:
		// What the pod sets unseen must not be overridden. The scheduler mode has one value only, so it can't be.
		return key == flinkconf.SchedulerMode && !s.operator && !s.requests.adaptive
	case s.operator:
		return key == flinkconf.HeartbeatTimeout || key == flinkconf.HeartbeatInterval
	default:
		return key != flinkconf.SchedulerMode || !s.requests.adaptive
	}
}

// fits says whether the option goes with what the pod sets for others.
func (s subject) fits(key string, defaults []property) bool {
	switch key {
	case flinkconf.CheckpointInterval:
		// One above the pod's own for a backlog would stop the job from starting.
		return !s.own.says(flinkconf.CheckpointBacklogInterval)
	case flinkconf.CheckpointMinPause:
		// It could stretch an interval of the pod's own.
		return !s.own.says(flinkconf.CheckpointInterval) && !s.own.says(flinkconf.CheckpointBacklogInterval)
	case flinkconf.ScalingIntervalMin:
		// One above the pod's own scaling-interval.max would stop Flink from starting.
		return !s.own.says(flinkconf.ScalingIntervalMax)
	case flinkconf.RestartStrategy:
		return true
	}
	if rest, ofStrategy := strings.CutPrefix(key, flinkconf.RestartStrategy+"."); ofStrategy {
		name, _, _ := strings.Cut(rest, ".")
		strategy, set := s.own.said.Lookup(flinkconf.RestartStrategy)
		if !set {
			strategy = valueOf(defaults, flinkconf.RestartStrategy)
		}
		return plain(strategy) == plain(name)
	}
	return true
}

// plain is the form in which two spellings of a restart strategy are one: Flink takes fixeddelay for fixed-delay.
func plain(strategy string) string {
	return strings.ToLower(strings.ReplaceAll(strategy, "-", ""))
}

// valueOf returns the value of the option key, empty where it isn't among properties.
func valueOf(properties []property, key string) string {
	for _, p := range properties {
		if p.key == key {
			return p.value
		}
	}
	return ""
}

// heartbeats returns both heartbeat options or, where the pod sets one, the other one to fit: Flink doesn't start with an interval
// above the timeout, so one alone can't be left to Flink's default for the other. A lost TaskManager is found after about two
// intervals (the RPC failure threshold, since 1.14), a silent one after the timeout. The values are bare numbers of milliseconds, the
// only form that all versions read. An error says which value could not be understood; both options are then best left alone.
func heartbeats(defaults []property, own ownSettings) ([]property, error) {
	defaultTimeout, defaultInterval := milliseconds(defaults, flinkconf.HeartbeatTimeout), milliseconds(defaults, flinkconf.HeartbeatInterval)
	ratio := max(2, defaultTimeout/defaultInterval)
	timeout, hasTimeout := own.said.Lookup(flinkconf.HeartbeatTimeout)
	interval, hasInterval := own.said.Lookup(flinkconf.HeartbeatInterval)
	switch {
	case hasTimeout && hasInterval:
		return nil, nil
	case hasTimeout:
		ms, err := flinkconf.ParseMillis(timeout)
		if err != nil || ms < 2 {
			return nil, notUnderstood(flinkconf.HeartbeatTimeout, timeout, flinkconf.HeartbeatInterval)
		}
		return []property{{flinkconf.HeartbeatInterval, strconv.FormatInt(min(defaultInterval, max(1, ms/ratio)), 10)}}, nil
	case hasInterval:
		if _, inForce := own.inForce.Lookup(flinkconf.HeartbeatInterval); !inForce {
			// Flink may take its own default for the interval, which a timeout of ours could be below.
			return nil, nil
		}
		ms, err := flinkconf.ParseMillis(interval)
		if err != nil || ms < 1 || ms > math.MaxInt64/ratio {
			return nil, notUnderstood(flinkconf.HeartbeatInterval, interval, flinkconf.HeartbeatTimeout)
		}
		return []property{{flinkconf.HeartbeatTimeout, strconv.FormatInt(max(defaultTimeout, ms*ratio), 10)}}, nil
	default:
		return []property{
			{flinkconf.HeartbeatTimeout, valueOf(defaults, flinkconf.HeartbeatTimeout)},
			{flinkconf.HeartbeatInterval, valueOf(defaults, flinkconf.HeartbeatInterval)},
		}, nil
	}
}

// milliseconds reads a heartbeat option of a profile, which is valid and has both.
func milliseconds(defaults []property, key string) int64 {
	ms, err := flinkconf.ParseMillis(valueOf(defaults, key))
	if err != nil || ms < 1 {
		return 1
	}
	return ms
}

func notUnderstood(key, value, other string) error {
	return fmt.Errorf("%s=%.40q is not understood, so no %s was set to fit it: set both, in milliseconds", key, value, other)
}
