// Package images makes the container images of both programs, without Docker and without a base image: an OCI image layout with
// one index for each program, which holds an image for each platform, and an SBOM that refers to each of these.
package images

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Program is one of the programs that get an image.
type Program struct {
	Name    string // of the binary in the image's root folder, and the last part of the image's name
	Title   string // for people
	Package string // its main package, as go build takes it
}

// Programs are the two of flink-hpa.
func Programs() []Program {
	return []Program{
		{Name: "adapter", Title: "flink-hpa adapter", Package: "./cmd/adapter"},
		{Name: "webhook", Title: "flink-hpa webhook", Package: "./cmd/webhook"},
	}
}

// architectures are those that each program is built for, in Go's and OCI's words; the system is Linux.
func architectures() []string { return []string{"amd64", "arm64"} }

// Options say what is built, and where it goes.
type Options struct {
	Root     string    // folder of the programs' module
	Programs []Program // at least one
	Bin      string    // folder that keeps the compiled programs, for the next time
	Out      string    // folder for the results; see Build
	Names    Names     // what the images are called
	Created  time.Time // of the images and of every file in them; zero: when the commit was made
	Roots    string    // version of the module that the CA certificates are from
}

// Build compiles the programs and leaves in Out: the OCI image layout (see LayoutDir), each image's SBOM as NAME-ARCH.cdx.json,
// and digests.txt, the table of what it returns. Same sources and same Go version give the same bytes, whichever the folder.
func Build(ctx context.Context, o Options) (Table, error) {
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return nil, err
	}
	var made []made
	for _, p := range o.Programs {
		m, err := o.build(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("image of %s: %w", p.Name, err)
		}
		made = append(made, m)
	}
	if err := writeLayout(filepath.Join(o.Out, LayoutDir), made); err != nil {
		return nil, fmt.Errorf("OCI image layout: %w", err)
	}
	table, err := tabulate(made)
	if err != nil {
		return nil, err
	}
	return table, os.WriteFile(filepath.Join(o.Out, "digests.txt"), []byte(table.String()), 0o644)
}

// made is what one program became.
type made struct {
	tag    name.Tag
	index  v1.ImageIndex
	images []platformImage
	sboms  []v1.Image
}

type platformImage struct {
	platform v1.Platform
	image    v1.Image
}

func (o Options) build(ctx context.Context, p Program) (made, error) {
	tag, err := o.Names.Tag(p.Name)
	if err != nil {
		return made{}, err
	}
	m := made{tag: tag, index: mutate.IndexMediaType(empty.Index, types.OCIImageIndex)}
	var common map[string]string
	for _, arch := range architectures() {
		b, err := compile(ctx, o.Root, filepath.Join(o.Bin, arch), p, arch)
		if err != nil {
			return made{}, err
		}
		created, err := b.created(o.Created)
		if err != nil {
			return made{}, err
		}
		common = labels(p, b, created)
		image, err := newImage(p, b, created, common)
		if err != nil {
			return made{}, err
		}
		sbom, err := o.sbom(p, b, created, image)
		if err != nil {
			return made{}, fmt.Errorf("SBOM: %w", err)
		}
		platform := v1.Platform{OS: "linux", Architecture: arch}
		m.images = append(m.images, platformImage{platform, image})
		m.sboms = append(m.sboms, sbom)
		m.index = mutate.AppendManifests(m.index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	m.index = mutate.Annotations(m.index, common).(v1.ImageIndex)
	return m, nil
}

// sbom writes the SBOM's file and returns the artifact that refers to the image.
func (o Options) sbom(p Program, b *binary, created time.Time, image v1.Image) (v1.Image, error) {
	data, err := encodeSBOM(newSBOM(p, b, created, o.Roots))
	if err != nil {
		return nil, err
	}
	file := fmt.Sprintf("%s-%s.cdx.json", p.Name, b.arch)
	if err := os.WriteFile(filepath.Join(o.Out, file), data, 0o644); err != nil {
		return nil, err
	}
	return newReferrer(image, data, file, created)
}
