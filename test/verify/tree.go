package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// tree is a checkout without what the commands leave behind in it.
type tree struct {
	root  string
	files []string // from root, with slashes, sorted

	controllerGen string // path of the program; empty: not known
}

// made says whether a folder holds what git ignores: caches, running beds, results. A document may name files in it that aren't there yet.
func made(name string) bool {
	return slices.Contains([]string{".git", ".cache", ".playground", "out", "target"}, name)
}

func newTree(root string) (*tree, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	t := &tree{root: root}
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && made(entry.Name()):
			return fs.SkipDir
		case entry.Type().IsRegular():
			t.files = append(t.files, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("files of %s: %w", root, err)
	}
	return t, nil
}

// named lists the files whose last element matches a pattern of path.Match.
func (t *tree) named(pattern string) []string {
	var names []string
	for _, name := range t.files {
		if ok, _ := path.Match(pattern, path.Base(name)); ok {
			names = append(names, name)
		}
	}
	return names
}

// modules lists the folders of the Go modules.
func (t *tree) modules() []string {
	var dirs []string
	for _, name := range t.named("go.mod") {
		dirs = append(dirs, path.Dir(name))
	}
	return dirs
}

func (t *tree) read(name string) ([]byte, error) { return os.ReadFile(t.path(name)) }

func (t *tree) path(name string) string { return filepath.Join(t.root, filepath.FromSlash(name)) }

// has says whether a file or folder is there.
func (t *tree) has(name string) bool {
	_, err := os.Stat(t.path(name))
	return err == nil
}

// run runs a program in a folder of the tree and returns what it printed to stdout. With an exit code other than 0 the error holds
// stderr.
func (t *tree) run(ctx context.Context, dir, program string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.path(dir), &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%s in %s: %w: %s", program, dir, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), err
}
