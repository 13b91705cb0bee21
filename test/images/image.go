package images

import (
	"maps"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// licence is that of flink-hpa.
const licence = "Apache-2.0"

// labels are OCI's predefined keys, for the labels of the configuration and the annotations of manifest and index.
func labels(p Program, b *binary, created time.Time) map[string]string {
	set := map[string]string{
		"org.opencontainers.image.title":    p.Title,
		"org.opencontainers.image.version":  known(b.info.Main.Version),
		"org.opencontainers.image.revision": b.revision(),
		"org.opencontainers.image.created":  created.Format(time.RFC3339),
		"org.opencontainers.image.licenses": licence,
	}
	maps.DeleteFunc(set, func(_, value string) bool { return value == "" })
	return set
}

// newImage is a program's image for one platform. The files that never change are a layer of their own, which both programs share
// on every platform.
func newImage(p Program, b *binary, created time.Time, labels map[string]string) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(image, &v1.ConfigFile{
		Architecture: b.arch,
		OS:           "linux",
		Created:      v1.Time{Time: created},
		RootFS:       v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: []string{"/" + p.Name},
			User:       userID + ":" + userID,
			WorkingDir: "/",
			Labels:     labels,
		},
	})
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		what  string
		files []file
	}{
		{"CA certificates, users, /tmp", baseFiles()},
		{"/" + p.Name, []file{{p.Name, 0o755, b.data}}},
	} {
		l, err := layer(part.files, created)
		if err != nil {
			return nil, err
		}
		history := v1.History{Created: v1.Time{Time: created}, CreatedBy: part.what}
		if image, err = mutate.Append(image, mutate.Addendum{Layer: l, History: history}); err != nil {
			return nil, err
		}
	}
	return mutate.Annotations(image, labels).(v1.Image), nil
}
