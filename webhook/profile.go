package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// Profile is what the pods of a namespace get, by role, each option once and in the order of flinkconf.Options.
type Profile struct {
	properties map[Role][]property
}

func (p Profile) of(role Role) []property { return p.properties[role] }

// Hash names the profile's content: 12 hexadecimal digits, the same wherever the content is.
func (p Profile) Hash() string {
	hash := sha256.New()
	for _, role := range roles() {
		for _, property := range p.properties[role] {
			fmt.Fprintf(hash, "%s %s\n", role, property)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))[:12]
}

// Profiles are the defaults of all namespaces. The zero value injects nothing; see DefaultProfiles.
type Profiles struct {
	general    Profile
	namespaces map[string]Profile
}

// For returns the profile of the namespace.
func (p Profiles) For(namespace string) Profile {
	if profile, own := p.namespaces[namespace]; own {
		return profile
	}
	return p.general
}

// DefaultProfiles is what an empty file means. ParseProfiles changes it option by option.
func DefaultProfiles() Profiles {
	return Profiles{general: ordered(settings{
		StandaloneJob: {
			flinkconf.SchedulerMode:     "reactive",
			flinkconf.HeartbeatTimeout:  "8000",
			flinkconf.HeartbeatInterval: "2000",
			flinkconf.WebTimeout:        "10000",

			flinkconf.CheckpointInterval:          "30s",
			flinkconf.CheckpointMinPause:          "10s",
			flinkconf.CheckpointTolerableFailures: "3",
			flinkconf.CheckpointRetention:         "RETAIN_ON_CANCELLATION",

			// They never give up and wait for a second. Losing a TaskManager counts as a failure, so the exponential back-off that is
			// Flink's default since 1.19 grows with every scale-down.
			flinkconf.RestartStrategy:           "fixed-delay",
			flinkconf.RestartFixedDelayAttempts: strconv.Itoa(math.MaxInt32),
			flinkconf.RestartFixedDelay:         "1s",

			flinkconf.ResourceStabilizationTimeout:  "5s",
			flinkconf.ScalingIntervalMin:            "30s",
			flinkconf.ExecutingStabilizationTimeout: "10s",
			flinkconf.RescaleMaxDelay:               "30s",
		},
		TaskManager: {flinkconf.HeartbeatTimeout: "8000", flinkconf.HeartbeatInterval: "2000"},
		JobManager:  {flinkconf.HeartbeatTimeout: "8000", flinkconf.HeartbeatInterval: "2000"},
	})}
}

// settings are those of a profile by role and option key, in no order.
type settings map[Role]map[string]string

func ordered(values settings) Profile {
	profile := Profile{properties: map[Role][]property{}}
	for _, role := range roles() {
		for _, option := range flinkconf.Options() {
			if value, set := values[role][option.Key]; set {
				profile.properties[role] = append(profile.properties[role], property{option.Key, value})
			}
		}
	}
	return profile
}

// settings are a copy to change.
func (p Profile) settings() settings {
	values := settings{}
	for _, role := range roles() {
		values[role] = map[string]string{}
		for _, property := range p.properties[role] {
			values[role][property.key] = property.value
		}
	}
	return values
}
