package images

import (
	"fmt"
	"strings"
	"text/tabwriter"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Row is an index, or one of its images.
type Row struct {
	Image    string // name with the tag
	Platform string // empty for the index
	Digest   v1.Hash
	Size     int64 // bytes to download for one platform: configuration and compressed layers
}

// Table lists the indexes, each followed by its images.
type Table []Row

// String has columns that are apart by blanks; "index" and "-" stand for platform and size of an index.
func (t Table) String() string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "IMAGE\tPLATFORM\tBYTES\tDIGEST")
	for _, r := range t {
		platform, size := r.Platform, fmt.Sprint(r.Size)
		if platform == "" {
			platform, size = "index", "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Image, platform, size, r.Digest)
	}
	w.Flush() // into memory
	return out.String()
}

func tabulate(all []made) (Table, error) {
	var t Table
	for _, m := range all {
		digest, err := m.index.Digest()
		if err != nil {
			return nil, err
		}
		t = append(t, Row{Image: m.tag.String(), Digest: digest})
		for _, i := range m.images {
			manifest, err := i.image.Manifest()
			if err != nil {
				return nil, err
			}
			size := manifest.Config.Size
			for _, l := range manifest.Layers {
				size += l.Size
			}
			if digest, err = i.image.Digest(); err != nil {
				return nil, err
			}
			t = append(t, Row{Image: m.tag.String(), Platform: i.platform.String(), Digest: digest, Size: size})
		}
	}
	return t, nil
}
