package images

import (
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

func TestNames(t *testing.T) {
	for name, c := range map[string]struct {
		names      Names
		want, full string
		wrong      string
	}{
		"without a host": {names: Names{"flink-hpa", "dev"}, want: "flink-hpa/adapter:dev", full: "docker.io/flink-hpa/adapter:dev"},
		"with a host": {
			names: Names{"registry.example.com:5000/team", "v1.2.3"},
			want:  "registry.example.com:5000/team/adapter:v1.2.3", full: "registry.example.com:5000/team/adapter:v1.2.3",
		},
		"no version":                 {names: Names{"flink-hpa", ""}, wrong: "VERSION=: "},
		"a version that is no tag":   {names: Names{"flink-hpa", "v1+dirty"}, wrong: "VERSION=v1+dirty: "},
		"a repository with a tag":    {names: Names{"registry.example.com/team:v1", "v1"}, wrong: "REPOSITORY=registry.example.com/team:v1: "},
		"a repository in upper case": {names: Names{"registry.example.com/Team", "v1"}, wrong: "REPOSITORY=registry.example.com/Team: "},
	} {
		t.Run(name, func(t *testing.T) {
			tag, err := c.names.Tag("adapter")
			if c.wrong != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.wrong) {
					t.Errorf("%s, %v", tag, err)
				}
				return
			}
			if err != nil || tag.String() != c.want || fullName(tag) != c.full {
				t.Errorf("%s, in full %s, %v", tag, fullName(tag), err)
			}
		})
	}
}

func TestSourceDate(t *testing.T) {
	for text, want := range map[string]time.Time{"": {}, "1767225600": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got, err := SourceDate(text); err != nil || !got.Equal(want) {
			t.Errorf("%q is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"2026-01-01", "-1", "1.5"} {
		if got, err := SourceDate(text); err == nil || !strings.HasPrefix(err.Error(), "SOURCE_DATE_EPOCH="+text) {
			t.Errorf("%q is %s, %v", text, got, err)
		}
	}
}

func TestImagesAreAsOldAsTheCommit(t *testing.T) {
	commit := &binary{info: &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.time", Value: tinyTime}}}}
	unknown := &binary{info: &debug.BuildInfo{}}
	asked := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		binary *binary
		asked  time.Time
		want   string
	}{
		"the commit's time":                      {commit, time.Time{}, tinyTime},
		"the time that is asked for goes before": {commit, asked, "2025-01-01T00:00:00Z"},
		"no repository, but a time":              {unknown, asked, "2025-01-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := c.binary.created(c.asked); err != nil || got.Format(time.RFC3339) != c.want {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	t.Run("neither", func(t *testing.T) {
		if _, err := unknown.created(time.Time{}); err == nil || !strings.Contains(err.Error(), "set SOURCE_DATE_EPOCH") {
			t.Errorf("%v", err)
		}
	})
}

func TestRevisionTellsOfChanges(t *testing.T) {
	for modified, want := range map[string]string{"false": "0123", "true": "0123-dirty"} {
		b := &binary{info: &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123"}, {Key: "vcs.modified", Value: modified}}}}
		if got := b.revision(); got != want {
			t.Errorf("vcs.modified=%s: %q", modified, got)
		}
	}
}

func TestRootsVersion(t *testing.T) {
	self := &debug.BuildInfo{Deps: []*debug.Module{{Path: "golang.org/x/crypto", Version: "v0.1.0"}, {Path: rootsModule, Version: tinyRoots}}}
	if got, err := RootsVersion(self); err != nil || got != tinyRoots {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := RootsVersion(&debug.BuildInfo{}); err == nil || !strings.Contains(err.Error(), rootsModule) {
		t.Errorf("%v", err)
	}
}
