package webhook

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// environment is what can be known of a container's variables.
type environment struct {
	values map[string]string
	named  map[string]string // those of env, the only ones that other variables may refer to
	unseen map[string]string // variables whose value is unknown: why
	hidden string            // why any variable may have a value that is unknown, else empty
}

// Variables that decide on Flink's settings.
const (
	envProperties = "FLINK_PROPERTIES"
	envConfDir    = "FLINK_CONF_DIR"
	// Flink's image makes settings of these two, which FLINK_PROPERTIES override.
	envAddress = "JOB_MANAGER_RPC_ADDRESS"
	envSlots   = "TASK_MANAGER_NUMBER_OF_TASK_SLOTS"
)

// readEnvironment reads the objects that the deciding variables may come from, and no others: an S3 key in a Secret is none of ours.
func readEnvironment(container *corev1.Container, read reader) environment {
	e := environment{values: map[string]string{}, named: map[string]string{}, unseen: map[string]string{}}
	decided := !slices.ContainsFunc(deciding(), func(name string) bool {
		return !slices.ContainsFunc(container.Env, func(v corev1.EnvVar) bool { return v.Name == name })
	})
	for _, from := range container.EnvFrom {
		if !decided {
			e.addAll(from, read)
		}
	}
	for _, variable := range container.Env {
		e.add(variable, read)
	}
	return e
}

// deciding are the variables that settings come from, or the place of a file with settings.
func deciding() []string { return []string{envProperties, envConfDir} }

func (e *environment) addAll(from corev1.EnvFromSource, read reader) {
	var key ObjectKey
	var optional *bool
	switch {
	case from.ConfigMapRef != nil:
		key, optional = ObjectKey{KindConfigMap, from.ConfigMapRef.Name}, from.ConfigMapRef.Optional
	case from.SecretRef != nil:
		key, optional = ObjectKey{KindSecret, from.SecretRef.Name}, from.SecretRef.Optional
	default:
		return
	}
	data, why := read.data(key, optional)
	if why != "" {
		e.hidden = why + ". Or set FLINK_PROPERTIES and FLINK_CONF_DIR in env, which wins"
		clear(e.values) // it may override those before it
		return
	}
	for name, value := range data {
		e.values[from.Prefix+name] = value
	}
}

func (e *environment) add(variable corev1.EnvVar, read reader) {
	delete(e.values, variable.Name)
	delete(e.named, variable.Name)
	delete(e.unseen, variable.Name)
	source := variable.ValueFrom
	if source == nil {
		e.name(variable.Name, expand(variable.Value, e.named))
		return
	}
	var key ObjectKey
	var entry string
	var optional *bool
	switch {
	case source.ConfigMapKeyRef != nil:
		key, entry, optional = ObjectKey{KindConfigMap, source.ConfigMapKeyRef.Name}, source.ConfigMapKeyRef.Key, source.ConfigMapKeyRef.Optional
	case source.SecretKeyRef != nil:
		key, entry, optional = ObjectKey{KindSecret, source.SecretKeyRef.Name}, source.SecretKeyRef.Key, source.SecretKeyRef.Optional
	}
	if key == (ObjectKey{}) || !slices.Contains(deciding(), variable.Name) {
		e.unseen[variable.Name] = "its value is known only when the pod runs"
		return
	}
	data, why := read.data(key, optional)
	value, found := data[entry]
	switch {
	case why != "":
		e.unseen[variable.Name] = why
	case found:
		e.name(variable.Name, value)
	case optional == nil || !*optional:
		e.unseen[variable.Name] = key.String() + " has no " + entry + " yet"
	}
}

func (e *environment) name(variable, value string) {
	e.values[variable], e.named[variable] = value, value
}

// lookup returns the value of a variable, empty where it isn't set, or why it is unknown.
func (e *environment) lookup(name string) (value, why string) {
	if why, unseen := e.unseen[name]; unseen {
		return "", why
	}
	if value, set := e.values[name]; set {
		return value, ""
	}
	return "", e.hidden
}

// words are the arguments as Flink gets them.
func (e *environment) words(arguments []string) []string {
	expanded := make([]string, len(arguments))
	for i, argument := range arguments {
		expanded[i] = expand(argument, e.values)
	}
	return expanded
}

// expand puts values in the place of $(NAME), as the kubelet does in variables and arguments; $$ is a dollar sign. What is unknown
// stays as it is.
func expand(text string, values map[string]string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		text = after
		if rest, escaped := strings.CutPrefix(after, "$"); escaped {
			out.WriteByte('$')
			text = rest
			continue
		}
		name, rest, closed := strings.Cut(after, ")")
		if !closed || !strings.HasPrefix(name, "(") {
			out.WriteByte('$')
			continue
		}
		text = rest
		if value, known := values[name[1:]]; known {
			out.WriteString(value)
		} else {
			out.WriteString("$" + name + ")")
		}
	}
}
