package images

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	"github.com/package-url/packageurl-go"
)

// lists checks the SBOM of an image of the tiny program: the file, and the same bytes attached to the image.
func lists(t *testing.T, out, name, arch string) {
	data, err := os.ReadFile(filepath.Join(out, "first-"+arch+".cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	bom := decodeSBOM(t, data)
	program := bom.Metadata.Component
	_, files := unpack(t, imageOf(t, out, name, arch))
	sum := sha256.Sum256(files["first"])
	if program.Name != "example.com/tiny" || program.Version != tinyVersion || (*program.Hashes)[0].Value != hex.EncodeToString(sum[:]) {
		t.Errorf("the SBOM is of %s %s %v", program.Name, program.Version, *program.Hashes)
	}
	if bom.Metadata.Timestamp != tinyTime || bom.SerialNumber != "" {
		t.Errorf("made at %s with the serial number %q", bom.Metadata.Timestamp, bom.SerialNumber)
	}
	var got []string
	for _, c := range *bom.Components {
		got = append(got, c.Name+" "+c.Version)
	}
	want := []string{"stdlib " + strings.TrimPrefix(runtime.Version(), "go"), "example.com/dependency ", rootsModule + " " + tinyRoots}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	s, err := readLayout(out)
	if err != nil {
		t.Fatal(err)
	}
	referrers, err := s.referrersOf(s.indexes[name])
	if err != nil || len(referrers) != len(architectures()) {
		t.Fatalf("%d artifacts refer to %s (%v)", len(referrers), name, err)
	}
	image, err := imageOf(t, out, name, arch).Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range referrers {
		if m, err := r.Manifest(); err != nil {
			t.Fatal(err)
		} else if m.Subject.Digest == image {
			if string(attachment(t, r)) != string(data) {
				t.Error("what is attached is not what is in the file")
			}
			return
		}
	}
	t.Errorf("no artifact refers to %s", image)
}

// decodeSBOM reads an SBOM, in which each component must have a reference and a package URL of its own, and each dependency exist.
func decodeSBOM(t *testing.T, data []byte) *cdx.BOM {
	t.Helper()
	bom := &cdx.BOM{}
	if err := cdx.NewBOMDecoder(bytes.NewReader(data), cdx.BOMFileFormatJSON).Decode(bom); err != nil {
		t.Fatal(err)
	}
	if bom.BOMFormat != cdx.BOMFormat || bom.SpecVersion != cdx.SpecVersion1_6 {
		t.Errorf("%s %s", bom.BOMFormat, bom.SpecVersion)
	}
	refs := map[string]bool{}
	for _, c := range append([]cdx.Component{*bom.Metadata.Component}, *bom.Components...) {
		if refs[c.BOMRef] || c.BOMRef == "" {
			t.Errorf("%s has the reference %q", c.Name, c.BOMRef)
		}
		refs[c.BOMRef] = true
		if url, err := packageurl.FromString(c.PackageURL); err != nil || url.Type != packageurl.TypeGolang {
			t.Errorf("%s has the package URL %q: %v", c.Name, c.PackageURL, err)
		}
	}
	for _, d := range *bom.Dependencies {
		for _, ref := range append([]string{d.Ref}, *d.Dependencies...) {
			if !refs[ref] {
				t.Errorf("a dependency is %q, which is no component", ref)
			}
		}
	}
	return bom
}

func TestSBOMListsWhatTheBinarySays(t *testing.T) {
	b := &binary{arch: "amd64", data: []byte("program"), info: &debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: "github.com/flink-hpa/flink-hpa", Version: "v0.1.0"},
		Deps: []*debug.Module{
			{Path: "github.com/IBM/sarama", Version: "v1.61.1", Sum: "h1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
			{Path: "example.com/forked", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/fork", Version: "v1.0.1"}},
			{Path: "example.com/local", Version: "v1.0.0", Replace: &debug.Module{Path: "../local", Version: "(devel)"}},
			{Path: "example.com/old", Version: "v2.0.0+incompatible"},
		},
	}}
	data, err := encodeSBOM(newSBOM(Programs()[0], b, time.Unix(0, 0).UTC(), tinyRoots))
	if err != nil {
		t.Fatal(err)
	}
	bom := decodeSBOM(t, data)
	var got []string
	for _, c := range append([]cdx.Component{*bom.Metadata.Component}, *bom.Components...) {
		line := c.Name + " " + c.PackageURL
		if c.Hashes != nil {
			line += " " + (*c.Hashes)[0].Value[:8]
		}
		if c.Licenses != nil {
			line += " " + (*c.Licenses)[0].License.ID
		}
		got = append(got, line)
	}
	want := []string{
		"github.com/flink-hpa/flink-hpa pkg:golang/github.com/flink-hpa/flink-hpa@v0.1.0#cmd/adapter 1310ca2c Apache-2.0",
		"stdlib pkg:golang/stdlib@1.26.8 BSD-3-Clause",
		"github.com/IBM/sarama pkg:golang/github.com/IBM/sarama@v1.61.1 00010203",
		"example.com/fork pkg:golang/example.com/fork@v1.0.1",
		"example.com/local pkg:golang/example.com/local",
		"example.com/old pkg:golang/example.com/old@v2.0.0%2Bincompatible",
		rootsModule + " pkg:golang/" + rootsModule + "@" + tinyRoots,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
