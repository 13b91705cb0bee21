package images

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path"
	"runtime/debug"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/package-url/packageurl-go"
)

// rootsModule is the module of the CA certificates.
const rootsModule = "golang.org/x/crypto/x509roots/fallback"

// RootsVersion is the version of the module of the CA certificates, in the program that packs them.
func RootsVersion(self *debug.BuildInfo) (string, error) {
	for _, m := range self.Deps {
		if m.Path == rootsModule {
			return m.Version, nil
		}
	}
	return "", fmt.Errorf("this program does not know its own version of %s: build it with go build, in module mode", rootsModule)
}

// newSBOM lists what is in an image: the program, the modules and the standard library that are linked into it, as the binary
// itself says, and the CA certificates. Licences are stated where they are known without looking: ours and Go's.
func newSBOM(p Program, b *binary, created time.Time, rootsVersion string) *cdx.BOM {
	main := mainComponent(p, b)
	components := []cdx.Component{standardLibrary(b.info.GoVersion)}
	for _, m := range b.info.Deps {
		components = append(components, moduleComponent(m))
	}
	// The binary says what is linked, not which module asked for which other.
	linked := cdx.Dependency{Ref: main.BOMRef, Dependencies: new([]string)}
	for _, c := range components {
		*linked.Dependencies = append(*linked.Dependencies, c.BOMRef)
	}
	components = append(components, certificates(rootsVersion))

	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: created.Format(time.RFC3339),
		Component: &main,
	}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{linked}
	return bom
}

func mainComponent(p Program, b *binary) cdx.Component {
	sum := sha256.Sum256(b.data)
	version := known(b.info.Main.Version)
	c := cdx.Component{
		Type:        cdx.ComponentTypeApplication,
		Name:        b.info.Main.Path,
		Version:     version,
		Description: fmt.Sprintf("%s, /%s in the image for linux/%s", p.Title, p.Name, b.arch),
		PackageURL:  purl(b.info.Main.Path, version, strings.TrimPrefix(p.Package, "./")),
		Hashes:      &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}},
		Licenses:    &cdx.Licenses{{License: &cdx.License{ID: licence}}},
	}
	c.BOMRef = c.PackageURL
	return c
}

// standardLibrary goes by the name that Go's vulnerability database has for it.
func standardLibrary(goVersion string) cdx.Component {
	version := strings.TrimPrefix(goVersion, "go")
	c := cdx.Component{
		Type:       cdx.ComponentTypeLibrary,
		Name:       "stdlib",
		Version:    version,
		PackageURL: purl("stdlib", version, ""),
		CPE:        fmt.Sprintf("cpe:2.3:a:golang:go:%s:-:*:*:*:*:*:*", version),
		Licenses:   &cdx.Licenses{{License: &cdx.License{ID: "BSD-3-Clause"}}},
	}
	c.BOMRef = c.PackageURL
	return c
}

func moduleComponent(m *debug.Module) cdx.Component {
	name, version := m.Path, known(m.Version)
	if m.Replace != nil {
		m = m.Replace
		// A folder in its place has no version, and a path that means nothing elsewhere.
		if version = known(m.Version); version != "" {
			name = m.Path
		}
	}
	c := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: name, Version: version, PackageURL: purl(name, version, "")}
	c.BOMRef = c.PackageURL
	// What go.sum has as h1 is a SHA-256, over the list of the module's files.
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(sum) == sha256.Size {
		c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
	}
	return c
}

func certificates(version string) cdx.Component {
	c := cdx.Component{
		Type:        cdx.ComponentTypeData,
		Name:        rootsModule,
		Version:     version,
		Description: "Mozilla's CA certificates, /etc/ssl/certs/ca-certificates.crt in the image",
		PackageURL:  purl(rootsModule, version, ""),
	}
	c.BOMRef = c.PackageURL
	return c
}

// known is a module's version, empty where the toolchain says that it has none.
func known(version string) string {
	if version == "(devel)" {
		return ""
	}
	return version
}

func purl(module, version, subpath string) string {
	namespace, name := path.Split(module)
	return packageurl.NewPackageURL(packageurl.TypeGolang, strings.TrimSuffix(namespace, "/"), name, version, nil, subpath).ToString()
}

func encodeSBOM(bom *cdx.BOM) ([]byte, error) {
	var out bytes.Buffer
	// The version before the newest: more tools read it.
	err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
	return out.Bytes(), err
}
