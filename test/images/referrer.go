package images

import (
	"encoding/json"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	sbomType = "application/vnd.cyclonedx+json"

	// What OCI 1.1 has as the configuration of an artifact that needs none.
	emptyType   = types.MediaType("application/vnd.oci.empty.v1+json")
	emptyConfig = "{}"
)

// referrer is an artifact with one blob that refers to an image: a manifest with OCI 1.1's subject. It is the core that the library
// completes to an image.
type referrer struct {
	manifest []byte
	blob     v1.Layer
}

// newReferrer makes the artifact that attaches an SBOM to an image. file is the name that tools give it when they fetch it.
func newReferrer(image v1.Image, sbom []byte, file string, created time.Time) (v1.Image, error) {
	subject, err := partial.Descriptor(image)
	if err != nil {
		return nil, err
	}
	blob := static.NewLayer(sbom, sbomType)
	content, err := partial.Descriptor(blob)
	if err != nil {
		return nil, err
	}
	content.Annotations = map[string]string{"org.opencontainers.image.title": file}
	config, err := partial.Descriptor(static.NewLayer([]byte(emptyConfig), emptyType))
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		ArtifactType:  sbomType,
		Config:        *config,
		Layers:        []v1.Descriptor{*content},
		Subject:       &v1.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
		Annotations:   map[string]string{"org.opencontainers.image.created": created.Format(time.RFC3339)},
	})
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(referrer{manifest, blob})
}

func (r referrer) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

func (r referrer) RawManifest() ([]byte, error) { return r.manifest, nil }

func (r referrer) RawConfigFile() ([]byte, error) { return []byte(emptyConfig), nil }

func (r referrer) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	own, err := r.blob.Digest()
	if err != nil {
		return nil, err
	}
	if own != digest {
		return nil, fmt.Errorf("this artifact has the blob %s, not %s", own, digest)
	}
	return r.blob, nil
}
