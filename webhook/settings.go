package webhook

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// ownSettings is what a Flink container sets by itself, wherever it does.
type ownSettings struct {
	inForce flinkconf.Settings // what Flink surely starts with
	said    flinkconf.Settings // that, and what Flink may not read: a lost FLINK_PROPERTIES, a file for another version
	unseen  []string           // what else may set something, and why it can't be seen
	// warnings are about settings that Flink doesn't read.
	warnings []string
}

// says tells whether the pod sets the option key anywhere.
func (o ownSettings) says(key string) bool {
	_, set := o.said.Lookup(key)
	return set
}

// A layer of settings overrides those under it.
type layer struct {
	settings flinkconf.Settings
	unseen   string // why there may be more in it, else empty
	idle     bool   // Flink doesn't read it, or may not
}

// readSettings reads the arguments, FLINK_PROPERTIES and the configuration file, which override each other in this order.
func readSettings(pod *corev1.Pod, container flinkContainer, version flinkconf.Version, read reader) ownSettings {
	env := readEnvironment(container.Container, read)
	conf := findConf(pod, container.Container, env, version, read)
	properties, warnings := propertyLayers(env, conf, version)
	layers := slices.Concat([]layer{argumentLayer(container, env)}, properties, []layer{conf.layer})
	own := ownSettings{inForce: flinkconf.Settings{}, said: flinkconf.Settings{}, warnings: append(warnings, conf.warnings...)}
	// A layer that can't be seen may override any that is under it.
	for _, layer := range layers {
		if layer.unseen != "" && !slices.Contains(own.unseen, layer.unseen) {
			own.unseen = append(own.unseen, layer.unseen)
		}
		addMissing(own.said, layer.settings)
		if len(own.unseen) == 0 && !layer.idle {
			addMissing(own.inForce, layer.settings)
		}
	}
	return own
}

func addMissing(to, from flinkconf.Settings) {
	for name, value := range from {
		if _, set := to[name]; !set {
			to[name] = value
		}
	}
}

// argumentLayer is the container's -D. A variable in the place of an argument may hold another one.
func argumentLayer(container flinkContainer, env environment) layer {
	options, _ := container.options()
	settings, rest := flinkconf.ParseArgs(env.words(options))
	arguments := layer{settings: settings}
	if len(rest) == 0 {
		return arguments
	}
	if name, variable := strings.CutPrefix(rest[0], "$("); variable {
		name, _, _ = strings.Cut(name, ")")
		if _, why := env.lookup(name); why != "" {
			arguments.unseen = fmt.Sprintf("the argument $(%s) can't be read: %s", name, why)
		}
	}
	return arguments
}

// propertyLayers are what the entrypoint of Flink's image makes of variables: it writes them into the configuration file, which fails
// without a word where that is mounted. Up to 1.18 the file needs a blank after the colon.
func propertyLayers(env environment, conf conf, version flinkconf.Version) (layers []layer, warnings []string) {
	text, why := env.lookup(envProperties)
	all, understood := flinkconf.ParseProperties(text), flinkconf.ParseLegacyFile(text)
	if !version.Before(flinkconf.Version{Major: 1, Minor: 19}) {
		understood = all
	}
	lost := conf.unwritten != ""
	if len(all) > 0 && lost && conf.certain {
		warnings = append(warnings, fmt.Sprintf(
			"FLINK_PROPERTIES has no effect: %s. Move its lines into the mounted file, or to -D arguments", conf.unwritten))
	}
	image := flinkconf.Settings{}
	for variable, key := range map[string]string{envAddress: flinkconf.JobManagerAddress, envSlots: flinkconf.TaskSlots} {
		if value, _ := env.lookup(variable); value != "" {
			image[key] = value
		}
	}
	return []layer{
		{settings: understood, unseen: why, idle: lost},
		{settings: all, idle: true},
		{settings: image, idle: lost},
	}, warnings
}
