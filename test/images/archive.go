package images

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Archive writes, from the layout in out, an archive for each platform that holds every program's image, in the form of docker save,
// which docker load, kind load image-archive and ctr images import take. It returns the files.
func Archive(out string) ([]string, error) {
	s, err := readLayout(out)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, arch := range architectures() {
		images := map[name.Reference]v1.Image{}
		for _, n := range s.names {
			tag, err := name.NewTag(n)
			if err != nil {
				return nil, err
			}
			if images[tag], err = imageFor(s.indexes[n], arch); err != nil {
				return nil, fmt.Errorf("%s: %w", n, err)
			}
		}
		file := filepath.Join(out, "flink-hpa-linux-"+arch+".tar")
		if err := tarball.MultiRefWriteToFile(file, images); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		files = append(files, file)
	}
	return files, nil
}

func imageFor(index v1.ImageIndex, arch string) (v1.Image, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, d := range manifest.Manifests {
		if d.Platform != nil && d.Platform.Architecture == arch {
			return index.Image(d.Digest)
		}
	}
	return nil, errors.New("the index has no image for linux/" + arch)
}
