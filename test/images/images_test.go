package images

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestImages(t *testing.T) {
	host := serveRegistry(t, true)
	repository := host + "/team"
	first, second := repository+"/first:v1", repository+"/second:v1"
	one, other := tinyOptions(t, repository), tinyOptions(t, repository)
	table := buildTiny(t, one)

	t.Run("the same sources give the same bytes, whatever the folder", func(t *testing.T) {
		if diff := cmp.Diff(table, buildTiny(t, other)); diff != "" {
			t.Errorf("tables differ:\n%s", diff)
		}
		if diff := cmp.Diff(contents(t, one.Out), contents(t, other.Out)); diff != "" {
			t.Errorf("files differ:\n%s", diff)
		}
	})
	t.Run("the table and the layout list both programs on both platforms", func(t *testing.T) {
		listed(t, one.Out, table, []string{first, second})
	})
	for _, arch := range architectures() {
		t.Run("an image for "+arch, func(t *testing.T) { holds(t, imageOf(t, one.Out, first, arch), arch) })
		t.Run("an SBOM for "+arch, func(t *testing.T) { lists(t, one.Out, first, arch) })
	}
	t.Run("all images have the same layer below the program", func(t *testing.T) {
		sharesBottom(t, one.Out, []string{first, second})
	})
	t.Run("an archive for each platform holds both programs", func(t *testing.T) { archived(t, one.Out, []string{first, second}) })
	t.Run("a push sends indexes, images and SBOMs", func(t *testing.T) { pushed(t, one.Out, table) })
	t.Run("a registry that does not list referrers has them by a tag", func(t *testing.T) {
		one.Names.Repository = serveRegistry(t, false) + "/team"
		pushed(t, one.Out, buildTiny(t, one))
	})
	t.Run("the next build replaces the layout", func(t *testing.T) {
		s, err := readLayout(one.Out)
		want := []string{one.Names.Repository + "/first:v1", one.Names.Repository + "/second:v1"}
		if err != nil || !slices.Equal(s.names, want) || len(s.referrers) != 4 {
			t.Errorf("%v and %d SBOMs (%v), want %v and 4", s.names, len(s.referrers), err, want)
		}
	})
}

// contents are a folder's files.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func listed(t *testing.T, out string, table Table, names []string) {
	index, err := layout.ImageIndexFromPath(filepath.Join(out, LayoutDir))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Errorf("the layout: %v", err)
	}
	var want, got []string
	for _, name := range names {
		want = append(want, name+" ", name+" linux/amd64", name+" linux/arm64")
	}
	for _, row := range table {
		got = append(got, row.Image+" "+row.Platform)
		if row.Platform == "" {
			continue
		}
		digest, err := imageOf(t, out, row.Image, strings.TrimPrefix(row.Platform, "linux/")).Digest()
		if err != nil || digest != row.Digest {
			t.Errorf("%s %s is %s (%v) in the layout and %s in the table", row.Image, row.Platform, digest, err, row.Digest)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if text, err := os.ReadFile(filepath.Join(out, "digests.txt")); err != nil || string(text) != table.String() {
		t.Errorf("digests.txt is not the table (%v):\n%s", err, text)
	}
}

func archived(t *testing.T, out string, names []string) {
	files, err := Archive(out)
	if err != nil {
		t.Fatal(err)
	}
	for i, arch := range architectures() {
		manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(files[i]) })
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range manifest {
			got = append(got, d.RepoTags...)
		}
		if !slices.Equal(got, names) {
			t.Errorf("%s holds %v, want %v", files[i], got, names)
		}
		for _, text := range names {
			tag, err := name.NewTag(text)
			if err != nil {
				t.Fatal(err)
			}
			image, err := tarball.ImageFromPath(files[i], &tag)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate.Image(image); err != nil {
				t.Errorf("%s in %s: %v", tag, files[i], err)
			}
			config, err := image.ConfigFile()
			if err != nil || config.Architecture != arch {
				t.Errorf("%s in %s is for %s (%v)", tag, files[i], config.Architecture, err)
			}
		}
	}
}
