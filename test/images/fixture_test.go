package images

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	tinyVersion = "v1.2.3"
	tinyTime    = "2026-01-02T03:04:05Z"
	tinyRoots   = "v0.0.0-20260101000000-0123456789ab"
)

// tinyModule makes a repository, in a folder of its own, of a module with a main package and a dependency. The commit is the same
// each time.
func tinyModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{
		"go.mod": "module example.com/tiny\n\ngo 1.26.0\n\nrequire example.com/dependency v1.0.0\n\n" +
			"replace example.com/dependency => ./dependency\n",
		"cmd/tiny/main.go":         "package main\n\nimport \"example.com/dependency\"\n\nfunc main() { println(dependency.Text) }\n",
		"dependency/go.mod":        "module example.com/dependency\n\ngo 1.26.0\n",
		"dependency/dependency.go": "package dependency\n\nconst Text = \"linked\"\n",
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"commit", "-q", "-m", "tiny"}, {"tag", tinyVersion}} {
		c := exec.CommandContext(t.Context(), "git", args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE="+tinyTime,
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE="+tinyTime)
		if output, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, output)
		}
	}
	return dir
}

// tinyOptions build two images of the one program, called REPOSITORY/first:v1 and REPOSITORY/second:v1.
func tinyOptions(t *testing.T, repository string) Options {
	t.Helper()
	return Options{
		Root: tinyModule(t),
		Programs: []Program{
			{Name: "first", Title: "First", Package: "./cmd/tiny"},
			{Name: "second", Title: "Second", Package: "./cmd/tiny"},
		},
		Bin:   t.TempDir(),
		Out:   t.TempDir(),
		Names: Names{Repository: repository, Version: "v1"},
		Roots: tinyRoots,
	}
}

func buildTiny(t *testing.T, o Options) Table {
	t.Helper()
	table, err := Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// serveRegistry starts a registry in memory, and returns its host.
func serveRegistry(t *testing.T, referrers bool) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(referrers), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// imageOf reads an image from the layout.
func imageOf(t *testing.T, out, tag, arch string) v1.Image {
	t.Helper()
	s, err := readLayout(out)
	if err != nil {
		t.Fatal(err)
	}
	index := s.indexes[tag]
	if index == nil {
		t.Fatalf("no index %s, only %v", tag, s.names)
	}
	image, err := imageFor(index, arch)
	if err != nil {
		t.Fatal(err)
	}
	return image
}
