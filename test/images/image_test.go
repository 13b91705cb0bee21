package images

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/elf"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// holds checks all that is in an image of the tiny program.
func holds(t *testing.T, image v1.Image, arch string) {
	listing, files := unpack(t, image)
	t.Run("has the program and what it needs, owned by root, as old as the commit", func(t *testing.T) {
		want := []string{
			"drwxr-xr-x etc/", "-rw-r--r-- etc/group", "-rw-r--r-- etc/passwd", "drwxr-xr-x etc/ssl/", "drwxr-xr-x etc/ssl/certs/",
			"-rw-r--r-- etc/ssl/certs/ca-certificates.crt", "dtrwxrwxrwx tmp/", "-rwxr-xr-x first",
		}
		if diff := cmp.Diff(want, listing); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("its program is static, for the platform, and has the time zones", func(t *testing.T) {
		machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[arch]
		staticProgram(t, files["first"], machine)
	})
	t.Run("trusts more than 100 authorities", func(t *testing.T) { authorities(t, files["etc/ssl/certs/ca-certificates.crt"]) })
	t.Run("knows its user by name", func(t *testing.T) {
		const nonroot = "\nnonroot:x:65532:"
		if !strings.Contains(string(files["etc/passwd"]), nonroot+"65532:") || !strings.Contains(string(files["etc/group"]), nonroot) {
			t.Errorf("%s\n%s", files["etc/passwd"], files["etc/group"])
		}
	})
	t.Run("starts the program as that user, and says what it is", func(t *testing.T) { configuration(t, image, arch) })
}

// unpack lists what is in the layers, and gives the files' contents. Each entry must belong to root and be as old as the commit.
func unpack(t *testing.T, image v1.Image) ([]string, map[string][]byte) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var listing []string
	files := map[string][]byte{}
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for entries := tar.NewReader(r); ; {
			h, err := entries.Next()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if files[h.Name], err = io.ReadAll(entries); err != nil {
				t.Fatal(err)
			}
			listing = append(listing, fmt.Sprint(h.FileInfo().Mode(), " ", h.Name))
			if at := h.ModTime.UTC().Format(time.RFC3339); h.Uid != 0 || h.Gid != 0 || at != tinyTime {
				t.Errorf("%s belongs to %d:%d and is of %s", h.Name, h.Uid, h.Gid, at)
			}
		}
		r.Close()
	}
	return listing, files
}

func staticProgram(t *testing.T, data []byte, machine elf.Machine) {
	program, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if program.Machine != machine || program.OSABI != elf.ELFOSABI_NONE || program.Type != elf.ET_EXEC {
		t.Errorf("%s %s %s", program.Machine, program.OSABI, program.Type)
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
			t.Errorf("has a %s: it is not static", segment.Type)
		}
	}
	b, err := newBinary("", data)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.setting("-tags"); got != "timetzdata" {
		t.Errorf("built with the tags %q", got)
	}
}

func authorities(t *testing.T, data []byte) {
	n := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !certificate.IsCA || block.Type != "CERTIFICATE" {
			t.Fatalf("certificate %d: %s, CA %v, %v", n, block.Type, certificate.IsCA, err)
		}
		data = rest
		n++
	}
	if n <= 100 || len(data) > 0 {
		t.Errorf("%d certificates and %d bytes of something else", n, len(data))
	}
}

func configuration(t *testing.T, image v1.Image, arch string) {
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	revision := config.Config.Labels["org.opencontainers.image.revision"]
	if len(revision) != 40 {
		t.Errorf("revision %q", revision)
	}
	labels := map[string]string{
		"org.opencontainers.image.title":    "First",
		"org.opencontainers.image.version":  tinyVersion,
		"org.opencontainers.image.revision": revision,
		"org.opencontainers.image.created":  tinyTime,
		"org.opencontainers.image.licenses": "Apache-2.0",
	}
	want := v1.Config{Entrypoint: []string{"/first"}, User: "65532:65532", WorkingDir: "/", Labels: labels}
	if diff := cmp.Diff(want, config.Config); diff != "" {
		t.Error(diff)
	}
	if config.OS != "linux" || config.Architecture != arch || config.Created.UTC().Format(time.RFC3339) != tinyTime {
		t.Errorf("%s/%s of %s", config.OS, config.Architecture, config.Created)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(labels, manifest.Annotations); diff != "" {
		t.Errorf("annotations: %s", diff)
	}
}

func sharesBottom(t *testing.T, out string, names []string) {
	bottom := map[v1.Hash]bool{}
	for _, name := range names {
		for _, arch := range architectures() {
			manifest, err := imageOf(t, out, name, arch).Manifest()
			if err != nil {
				t.Fatal(err)
			}
			bottom[manifest.Layers[0].Digest] = true
		}
	}
	if len(bottom) != 1 {
		t.Errorf("%v", bottom)
	}
}
