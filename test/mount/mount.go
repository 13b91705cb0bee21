// Package mount stands in for a container's file system. A local process has no root of its own, so each volume mount
// is a link below a folder that stands for the root, and every path that leads into a mount is rewritten to where the
// volume really is: the same path for every container that shares it.
package mount

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Variable is the environment variable by which a stand-in for an image learns its mounts, see Table.Encode.
const Variable = "FLINKHPA_MOUNTS"

// Table maps absolute paths in the container to absolute paths on this machine.
type Table map[string]string

// Link makes a link below root for each of the mounts, given as path in the container -> path on this machine, and
// returns their table. Mounts inside other mounts are refused: they would be made in somebody else's volume.
func Link(root string, mounts map[string]string) (Table, error) {
	table := Table{}
	for path, target := range mounts {
		path = filepath.Clean(path)
		for other := range mounts {
			if strings.HasPrefix(path, filepath.Clean(other)+"/") {
				return nil, fmt.Errorf("mount %s lies inside mount %s, which this node can't do", path, other)
			}
		}
		link := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return nil, err
		}
		if err := os.RemoveAll(link); err != nil {
			return nil, err
		}
		if err := os.Symlink(target, link); err != nil {
			return nil, err
		}
		table[path] = target
	}
	return table, nil
}

// Rewrite replaces every path in text that leads into a mount by its place on this machine. A path counts where a
// name can't go on: before it and after it stands no letter, digit, dot, dash or underscore.
func (t Table) Rewrite(text string) string {
	paths := slices.Collect(maps.Keys(t))
	var out strings.Builder
	for i := 0; i < len(text); {
		path, ok := pathAt(text, i, paths)
		if !ok {
			out.WriteByte(text[i])
			i++
			continue
		}
		out.WriteString(t[path])
		i += len(path)
	}
	return out.String()
}

func pathAt(text string, at int, paths []string) (string, bool) {
	if text[at] != '/' || at > 0 && isName(text[at-1]) {
		return "", false
	}
	for _, path := range paths {
		end := at + len(path)
		if strings.HasPrefix(text[at:], path) && (end == len(text) || !isName(text[end])) {
			return path, true
		}
	}
	return "", false
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}

// Encode is the table as the value of Variable.
func (t Table) Encode() string {
	data, err := json.Marshal(t)
	if err != nil {
		panic(err) // a map of strings always has a JSON form
	}
	return string(data)
}

// FromEnvironment is the table that the node left in Variable.
func FromEnvironment() (Table, error) {
	table := Table{}
	value := os.Getenv(Variable)
	if value == "" {
		return table, nil
	}
	if err := json.Unmarshal([]byte(value), &table); err != nil {
		return nil, fmt.Errorf("%s: %w", Variable, err)
	}
	return table, nil
}
