package node

import (
	"fmt"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Image is what stands in for a container image: programs of this machine.
type Image struct {
	Entrypoint []string            // runs when the container names no command
	Programs   map[string][]string // what a command's first word stands for, by its base name (docker-entrypoint.sh)
	Env        map[string]string   // the image's own environment
	HasShell   bool                // other commands are looked for on this machine's PATH; otherwise they don't exist
}

// Images finds the stand-in for an image by its name, exactly as the pod has it.
type Images map[string]Image

// find is the stand-in, or an error that becomes the reason ErrImagePull.
func (images Images) find(name string) (Image, error) {
	image, ok := images[name]
	if !ok {
		known := slices.Sorted(maps.Keys(images))
		return Image{}, fmt.Errorf("this node has no stand-in for image %q; it has %s", name, strings.Join(known, ", "))
	}
	return image, nil
}

// command is the whole command line of the container, by the rule of Kubernetes: command replaces the image's
// entrypoint, args follow. An error becomes the reason RunContainerError.
func (image Image) command(container *corev1.Container) ([]string, error) {
	if len(container.Command) == 0 {
		if len(image.Entrypoint) == 0 && len(container.Args) > 0 {
			return image.resolve(container.Args)
		}
		return append(append([]string{}, image.Entrypoint...), container.Args...), nil
	}
	return image.resolve(append(append([]string{}, container.Command...), container.Args...))
}

func (image Image) resolve(line []string) ([]string, error) {
	if program, ok := image.Programs[path.Base(line[0])]; ok {
		return append(append([]string{}, program...), line[1:]...), nil
	}
	if image.HasShell {
		if file, err := exec.LookPath(line[0]); err == nil {
			return append([]string{file}, line[1:]...), nil
		}
	}
	return nil, fmt.Errorf("exec: %q: executable file not found in the image", line[0])
}
