package verify

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
)

// What controller-gen makes of the types of the API, and where.
const (
	apis        = "adapter/rule/v1alpha1"
	definitions = "manifests/base/crd"
)

// generated finds files that controller-gen would make otherwise: deep copies of the types of the API, and the definitions of its resources.
func generated(ctx context.Context, t *tree) ([]Finding, error) {
	if !t.has(apis) {
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "verify")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var findings []Finding
	made := map[string]string{apis: filepath.Join(dir, "code"), definitions: filepath.Join(dir, "definitions")}
	if err := t.generate(ctx, made[apis], made[definitions]); err != nil {
		return nil, err
	}
	for folder, from := range made {
		files, err := os.ReadDir(from)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			want, err := os.ReadFile(filepath.Join(from, file.Name()))
			if err != nil {
				return nil, err
			}
			name := path.Join(folder, file.Name())
			if got, err := t.read(name); err != nil || !bytes.Equal(got, want) {
				findings = append(findings, Finding{name, 0, "controller-gen makes another file of " + apis + "; " + fix})
			}
		}
	}
	return findings, nil
}

// generate has controller-gen write code and definitions into two folders.
func (t *tree) generate(ctx context.Context, code, definitions string) error {
	if t.controllerGen == "" {
		return errors.New("where controller-gen is isn't known; give --controller-gen, or use make")
	}
	_, err := t.run(ctx, ".", t.controllerGen, "object", "crd", "paths=./"+apis, "output:object:dir="+code, "output:crd:dir="+definitions)
	return err
}
