package images

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// pushed pushes the layout, and looks for all that the table lists, and for the SBOMs, in the registry.
func pushed(t *testing.T, out string, table Table) {
	digests, err := Push(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range table {
		tag, err := name.NewTag(row.Image)
		if err != nil {
			t.Fatal(err)
		}
		at := tag.Context().Digest(row.Digest.String())
		if row.Platform == "" {
			index, err := remote.Index(tag)
			if err != nil {
				t.Fatal(err)
			}
			if digest, err := index.Digest(); err != nil || digest != row.Digest || !slices.Contains(digests, at) {
				t.Errorf("%s is %s (%v) in the registry, %s here, and Push says %v", tag, digest, err, row.Digest, digests)
			}
			if err := validate.Index(index); err != nil {
				t.Errorf("%s in the registry: %v", tag, err)
			}
			continue
		}
		referrers, err := remote.Referrers(at)
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := referrers.IndexManifest()
		if err != nil || len(manifest.Manifests) != 1 {
			t.Fatalf("to %s refers %v (%v), want one SBOM", at, manifest, err)
		}
		sbom, err := remote.Image(tag.Context().Digest(manifest.Manifests[0].Digest.String()))
		if err != nil {
			t.Fatal(err)
		}
		decodeSBOM(t, attachment(t, sbom))
	}
}

// attachment is the SBOM in an artifact, which must have the form of OCI 1.1.
func attachment(t *testing.T, artifact v1.Image) []byte {
	t.Helper()
	manifest, err := artifact.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.ArtifactType != sbomType || manifest.Config.MediaType != emptyType || manifest.Layers[0].MediaType != sbomType {
		t.Errorf("%+v", manifest)
	}
	layers, err := artifact.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d blobs (%v)", len(layers), err)
	}
	r, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPushEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tag, err := Names{Repository: serveRegistry(t, true), Version: "v1"}.Tag("empty")
	if err != nil {
		t.Fatal(err)
	}
	index, err := random.Index(10, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := writeLayout(filepath.Join(out, LayoutDir), []made{{tag: tag, index: index}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Push(ctx, out); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestWithoutALayoutTheErrorSaysHowToMakeOne(t *testing.T) {
	_, archive := Archive(t.TempDir())
	_, push := Push(t.Context(), t.TempDir())
	for name, err := range map[string]error{"archive": archive, "push": push} {
		if err == nil || !strings.Contains(err.Error(), "make images writes it") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
