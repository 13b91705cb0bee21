package webhook

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// profilesFile is the file as it is written: Flink's options by role, over the built-in defaults, and by namespace over those. A value
// that is null or empty takes the option away.
type profilesFile struct {
	Defaults   writtenProfile            `json:"defaults"`
	Namespaces map[string]writtenProfile `json:"namespaces"`
}

type writtenProfile map[Role]map[string]any

// ParseProfiles reads YAML over the built-in defaults. The error holds every mistake in it, each with its path, value and way out.
func ParseProfiles(data []byte) (Profiles, error) {
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return Profiles{}, err
	}
	var file profilesFile
	mistakes, err := json.UnmarshalStrict(asJSON, &file)
	if err != nil {
		return Profiles{}, err
	}
	builtIn := DefaultProfiles().general
	general, wrong := file.Defaults.over(builtIn, field.NewPath("defaults"))
	profiles := Profiles{general: general, namespaces: map[string]Profile{}}
	for _, namespace := range slices.Sorted(maps.Keys(file.Namespaces)) {
		at := field.NewPath("namespaces").Key(namespace)
		for _, reason := range validation.IsDNS1123Label(namespace) {
			wrong = append(wrong, field.Invalid(field.NewPath("namespaces"), namespace, reason))
		}
		profile, wrongHere := file.Namespaces[namespace].over(general, at)
		profiles.namespaces[namespace] = profile
		wrong = append(wrong, wrongHere...)
	}
	for _, mistake := range wrong {
		mistakes = append(mistakes, mistake)
	}
	if len(mistakes) > 0 {
		return Profiles{}, errors.Join(mistakes...)
	}
	return profiles, nil
}

// over returns base with what is written changed in it.
func (w writtenProfile) over(base Profile, at *field.Path) (Profile, field.ErrorList) {
	var mistakes field.ErrorList
	values := base.settings()
	for _, role := range slices.Sorted(maps.Keys(w)) {
		here := at.Child(string(role))
		if !slices.Contains(roles(), role) {
			mistakes = append(mistakes, field.NotSupported(at, role, roles()))
			continue
		}
		written := map[string]string{} // the name of each option that was there
		for _, name := range slices.Sorted(maps.Keys(w[role])) {
			option, value, mistake := readOption(role, name, w[role][name], here)
			switch before, twice := written[option.Key]; {
			case mistake != nil:
				mistakes = append(mistakes, mistake)
			case twice:
				mistakes = append(mistakes, field.Invalid(here, name, "is the same option as "+before+": keep one"))
			case value == "":
				delete(values[role], option.Key)
			default:
				values[role][option.Key] = value
			}
			if mistake == nil {
				written[option.Key] = name
			}
		}
	}
	if len(mistakes) == 0 {
		mistakes = validate(values, at)
	}
	return ordered(values), mistakes
}

// readOption reads one option under any name it has had. An empty value takes it away.
func readOption(role Role, name string, raw any, at *field.Path) (option flinkconf.Option, value string, mistake *field.Error) {
	option, known := flinkconf.FindOption(name)
	if !known {
		var supported []string
		for _, option := range flinkconf.Options() {
			supported = append(supported, option.Key)
		}
		return option, "", field.NotSupported(at, name, supported)
	}
	if option.Key == flinkconf.SchedulerMode && role != StandaloneJob {
		return option, "", field.Forbidden(at.Child(name), "Flink starts in reactive mode only as standalone-job: remove it")
	}
	var text string
	switch raw := raw.(type) {
	case nil:
		return option, "", nil
	case string:
		text = raw
	case bool, int64:
		text = fmt.Sprint(raw)
	case float64:
		text = strconv.FormatFloat(raw, 'f', -1, 64)
	default:
		return option, "", field.Invalid(at.Child(name), raw, "must be one value, or null for Flink's own default")
	}
	if text == "" {
		return option, "", nil
	}
	value, err := option.Value(text)
	if err != nil {
		return option, "", field.Invalid(at.Child(name), text, err.Error())
	}
	return option, value, nil
}

// validate checks what has to agree. A JobManager asks for heartbeats at its interval, and each side gives up after its own timeout.
func validate(values settings, at *field.Path) field.ErrorList {
	var mistakes field.ErrorList
	// What is in a profile already is understood.
	ms := func(role Role, key string) int64 { n, _ := strconv.ParseInt(values[role][key], 10, 64); return n }
	asked := max(ms(StandaloneJob, flinkconf.HeartbeatInterval), ms(JobManager, flinkconf.HeartbeatInterval))
	for _, role := range roles() {
		timeout, hasTimeout := values[role][flinkconf.HeartbeatTimeout]
		interval, hasInterval := values[role][flinkconf.HeartbeatInterval]
		here := at.Child(string(role))
		switch {
		case hasTimeout != hasInterval:
			mistakes = append(mistakes, field.Required(here,
				"set both heartbeat.timeout and heartbeat.interval, or take both away: one alone may stop Flink"))
		case !hasTimeout:
		case ms(role, flinkconf.HeartbeatTimeout) <= ms(role, flinkconf.HeartbeatInterval):
			mistakes = append(mistakes, field.Invalid(here.Child(flinkconf.HeartbeatTimeout), timeout,
				"must exceed heartbeat.interval ("+interval+")"))
		case role == TaskManager && ms(role, flinkconf.HeartbeatTimeout) <= asked:
			mistakes = append(mistakes, field.Invalid(here.Child(flinkconf.HeartbeatTimeout), timeout,
				"must exceed the heartbeat.interval of the JobManagers, which ask at that interval"))
		}
	}
	return mistakes
}
