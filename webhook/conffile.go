package webhook

import (
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// confFile is a file of the conf folder, as far as the pod's volumes decide on it.
type confFile struct {
	name     string
	mounted  bool // a volume decides on it, else the image
	folder   bool // the volume decides on the whole folder
	readOnly bool
	present  bool
	text     string
	from     string // the object with the text
	unseen   string // why it is unknown whether and with what it is there, else empty
}

// findConfFile follows the volume mount that file in dir is under, into the ConfigMap, Secret or projected volume.
func findConfFile(pod *corev1.Pod, container *corev1.Container, dir, name string, read reader) confFile {
	file := confFile{name: name}
	target := path.Join(dir, name)
	var mount *corev1.VolumeMount
	for i := range container.VolumeMounts {
		candidate := &container.VolumeMounts[i]
		if within(candidate.MountPath, target) && (mount == nil || len(path.Clean(candidate.MountPath)) > len(path.Clean(mount.MountPath))) {
			mount = candidate
		}
	}
	if mount == nil {
		return file
	}
	file.mounted, file.folder = true, path.Clean(mount.MountPath) != target
	if mount.SubPathExpr != "" {
		file.unseen = "the volume mount " + mount.Name + " has a subPathExpr"
		return file
	}
	at := path.Join(mount.SubPath, strings.TrimPrefix(target, path.Clean(mount.MountPath)))
	for i := range pod.Spec.Volumes {
		if volume := &pod.Spec.Volumes[i]; volume.Name == mount.Name {
			file.readOnly = mount.ReadOnly
			file.readVolume(&volume.VolumeSource, strings.TrimPrefix(at, "/"), read)
			return file
		}
	}
	file.unseen = "there is no volume " + mount.Name
	return file
}

// within says whether the folder or file at mountPath holds target.
func within(mountPath, target string) bool {
	at := path.Clean(mountPath)
	return at == target || at == "/" || strings.HasPrefix(target, at+"/")
}

// readVolume looks for the file at that path in the volume.
func (f *confFile) readVolume(volume *corev1.VolumeSource, at string, read reader) {
	switch {
	case volume.ConfigMap != nil:
		f.readOnly = true
		f.readObject(ObjectKey{KindConfigMap, volume.ConfigMap.Name}, volume.ConfigMap.Items, volume.ConfigMap.Optional, at, read)
	case volume.Secret != nil:
		f.readOnly = true
		f.readObject(ObjectKey{KindSecret, volume.Secret.SecretName}, volume.Secret.Items, volume.Secret.Optional, at, read)
	case volume.Projected != nil:
		f.readOnly = true
		for _, source := range volume.Projected.Sources {
			switch {
			case source.ConfigMap != nil:
				f.readObject(ObjectKey{KindConfigMap, source.ConfigMap.Name}, source.ConfigMap.Items, source.ConfigMap.Optional, at, read)
			case source.Secret != nil:
				f.readObject(ObjectKey{KindSecret, source.Secret.Name}, source.Secret.Items, source.Secret.Optional, at, read)
			}
		}
	default:
		f.unseen = "the conf folder is on a volume that is neither of a ConfigMap nor of a Secret"
	}
}

// readObject looks for the file in one object; with several in a volume the last one that has it counts.
func (f *confFile) readObject(key ObjectKey, items []corev1.KeyToPath, optional *bool, at string, read reader) {
	entry := at
	if items != nil {
		entry = ""
		for _, item := range items {
			if path.Clean(item.Path) == at {
				entry = item.Key
			}
		}
	}
	if entry == "" {
		return
	}
	data, why := read.data(key, optional)
	if why != "" {
		f.unseen = why
		return
	}
	if text, found := data[entry]; found {
		f.present, f.text, f.from, f.unseen = true, text, key.String(), ""
	}
}

// settings are those of the file.
func (f *confFile) settings() (settings flinkconf.Settings, unseen string) {
	if f.unseen != "" || !f.present {
		return nil, f.unseen
	}
	if f.name == flinkconf.LegacyFile {
		return flinkconf.ParseLegacyFile(f.text), ""
	}
	settings, err := flinkconf.ParseStandardFile(f.text)
	if err != nil {
		return nil, "Flink can't read " + f.name + " of " + f.from + ": " + err.Error()
	}
	return settings, ""
}

// unwritten says why the entrypoint can't write the file, if so.
func (f *confFile) unwritten() string {
	if !f.mounted || !f.readOnly {
		return ""
	}
	return "the volume at " + f.name + " is mounted read-only, and the image would have to write there"
}
