package webhook

import (
	"cmp"
	"fmt"
	"path"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// imageConfDir is where Flink's image keeps its configuration, and where its entrypoint writes what variables say.
const imageConfDir = "/opt/flink/conf"

// conf is the conf folder: what Flink reads there, and whether the entrypoint can write there.
type conf struct {
	layer
	unwritten string // why what the entrypoint writes is lost, else empty
	certain   bool   // it is known which file Flink reads
	warnings  []string
}

// findConf finds the configuration file that Flink reads: flink-conf.yaml up to 1.18, config.yaml from 2.0, and either between them,
// the former first.
func findConf(pod *corev1.Pod, container *corev1.Container, env environment, version flinkconf.Version, read reader) conf {
	dir, unseen := env.lookup(envConfDir)
	dir = cmp.Or(dir, imageConfDir)
	legacy := findConfFile(pod, container, dir, flinkconf.LegacyFile, read)
	standard := findConfFile(pod, container, dir, flinkconf.StandardFile, read)

	var found conf
	switch {
	case !version.Known():
		found = eitherFile(legacy, standard)
	case version.Before(flinkconf.Version{Major: 1, Minor: 19}):
		found = oneFile(version, legacy, standard)
	case version.Before(flinkconf.Version{Major: 2}) && (legacy.present || legacy.unseen != ""):
		found = oneFile(version, legacy, standard)
	default:
		found = oneFile(version, standard, legacy)
	}
	found.unseen = cmp.Or(unseen, found.unseen)
	if path.Clean(dir) != imageConfDir {
		found.unwritten, found.certain = fmt.Sprintf("the image writes it to %s, and Flink reads %s", imageConfDir, dir), true
	}
	return found
}

// oneFile is the folder of a version that reads that file and not the other one.
func oneFile(version flinkconf.Version, file, other confFile) conf {
	found := conf{certain: true, unwritten: file.unwritten()}
	found.settings, found.unseen = file.settings()
	if !file.present && found.unseen == "" && other.present {
		found.warnings = append(found.warnings, fmt.Sprintf("Flink %s doesn't read %s of %s: it reads %s, so give it that",
			version, other.name, other.from, file.name))
		found.settings, _ = other.settings()
		found.idle = true
	}
	return found
}

// eitherFile is the folder when the version is unknown. Where the whole folder is mounted with just one of the files, Flink reads that,
// or doesn't start. Else it may read any, and what the pod says is only known to be said.
func eitherFile(legacy, standard confFile) conf {
	file, other := legacy, standard
	if !legacy.present {
		file, other = standard, legacy
	}
	var found conf
	found.settings, found.unseen = file.settings()
	more, unseen := other.settings()
	found.certain = file.folder && other.folder && file.present && !other.present
	if found.settings == nil {
		found.settings = flinkconf.Settings{}
	}
	addMissing(found.settings, more)
	found.unseen = cmp.Or(found.unseen, unseen)
	found.unwritten = cmp.Or(file.unwritten(), other.unwritten())
	found.idle = !found.certain
	return found
}
