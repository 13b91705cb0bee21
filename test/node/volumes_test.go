package node

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWriteReplacesAVolumeAsAWhole(t *testing.T) {
	dir := t.TempDir()
	for _, step := range []files{
		{"config.yaml": []byte("a: 1"), "sub/deep": []byte("x")},
		{"config.yaml": []byte("a: 2")},
	} {
		if err := write(dir, step); err != nil {
			t.Fatal(err)
		}
		for name, want := range step {
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != string(want) {
				t.Errorf("%s is %q (%v), want %q", name, got, err, want)
			}
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "sub")); !os.IsNotExist(err) {
		t.Errorf("a key that is gone left its link: %v", err)
	}
	versions, err := filepath.Glob(filepath.Join(dir, "..version-*"))
	if err != nil || len(versions) != 1 {
		t.Errorf("versions on disk: %v (%v), want the one in use", versions, err)
	}
}
