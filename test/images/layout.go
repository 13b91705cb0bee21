package images

import (
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// LayoutDir is the folder in Options.Out that holds the OCI image layout: its index.json lists the indexes, with their names, and
// the SBOMs, without.
const LayoutDir = "oci"

const (
	refName        = "org.opencontainers.image.ref.name"
	containerdName = "io.containerd.image.name" // what containerd and Docker go by
)

func writeLayout(dir string, all []made) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	l, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	for _, m := range all {
		names := map[string]string{refName: m.tag.String(), containerdName: fullName(m.tag)}
		if err := l.AppendIndex(m.index, layout.WithAnnotations(names)); err != nil {
			return err
		}
		for _, sbom := range m.sboms {
			if err := l.AppendImage(sbom); err != nil {
				return err
			}
		}
	}
	return nil
}

// stored is what a layout holds: the indexes by name, in its order, and what refers to their images.
type stored struct {
	names     []string
	indexes   map[string]v1.ImageIndex
	referrers []v1.Image
}

func readLayout(out string) (stored, error) {
	dir := filepath.Join(out, LayoutDir)
	root, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return stored{}, fmt.Errorf("OCI image layout in %s: %w; make images writes it", dir, err)
	}
	manifest, err := root.IndexManifest()
	if err != nil {
		return stored{}, err
	}
	s := stored{indexes: map[string]v1.ImageIndex{}}
	for _, d := range manifest.Manifests {
		if d.MediaType.IsImage() {
			referrer, err := root.Image(d.Digest)
			if err != nil {
				return stored{}, err
			}
			s.referrers = append(s.referrers, referrer)
			continue
		}
		name := d.Annotations[refName]
		s.names = append(s.names, name)
		if s.indexes[name], err = root.ImageIndex(d.Digest); err != nil {
			return stored{}, err
		}
	}
	return s, nil
}

// referrersOf are those whose subject is one of the index's manifests.
func (s stored) referrersOf(index v1.ImageIndex) ([]v1.Image, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	subjects := map[v1.Hash]bool{}
	for _, d := range manifest.Manifests {
		subjects[d.Digest] = true
	}
	var of []v1.Image
	for _, referrer := range s.referrers {
		m, err := referrer.Manifest()
		if err != nil {
			return nil, err
		}
		if m.Subject != nil && subjects[m.Subject.Digest] {
			of = append(of, referrer)
		}
	}
	return of, nil
}
