package images

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"
)

// binary is a compiled program.
type binary struct {
	arch string
	data []byte
	info *debug.BuildInfo // what the toolchain wrote into it: modules, commit, settings
}

// compile builds a static binary for Linux in dir. Nothing of the machine gets into it: no path, and none of the settings that a
// user's environment may hold.
func compile(ctx context.Context, root, dir string, p Program, arch string) (*binary, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, p.Name)
	// timetzdata puts the time zones into the program: the image has no files of them.
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=true", "-tags=timetzdata", "-ldflags=-s -w", "-o", path, p.Package)
	c.Dir = root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off",
		"GOWORK=off", "GOFLAGS=-mod=readonly")
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	output, err := c.CombinedOutput()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("go build %s for linux/%s: %w\n%s", p.Package, arch, err, output)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b, err := newBinary(arch, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func newBinary(arch string, data []byte) (*binary, error) {
	info, err := buildinfo.Read(bytes.NewReader(data))
	return &binary{arch: arch, data: data, info: info}, err
}

// SourceDate is the time in SOURCE_DATE_EPOCH's form, seconds since 1970; zero where the text is empty.
func SourceDate(seconds string) (time.Time, error) {
	if seconds == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH=%s: not a number of seconds since 1970, as in 1767225600", seconds)
	}
	return time.Unix(n, 0).UTC(), nil
}

// created is the time that the image is given: the one that was asked for or, where that is zero, the commit's.
func (b *binary) created(asked time.Time) (time.Time, error) {
	if !asked.IsZero() {
		return asked.UTC(), nil
	}
	at := b.setting("vcs.time")
	if at == "" {
		return time.Time{}, errors.New("the time of the commit is not known, since the sources are in no repository: " +
			"set SOURCE_DATE_EPOCH to the seconds since 1970 that image and files shall carry")
	}
	created, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return time.Time{}, fmt.Errorf("the time of the commit: %w", err)
	}
	return created.UTC(), nil
}

// revision is the commit, marked where files had changes; empty where it isn't known.
func (b *binary) revision() string {
	revision := b.setting("vcs.revision")
	if revision != "" && b.setting("vcs.modified") == "true" {
		revision += "-dirty"
	}
	return revision
}

func (b *binary) setting(key string) string {
	for _, s := range b.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
