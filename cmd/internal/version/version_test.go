package version

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestLineSaysWhichBuildItIs(t *testing.T) {
	const revision = "0123456789abcdef0123456789abcdef01234567"
	for name, c := range map[string]struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		"a release": {
			version: "v1.2.3",
			settings: []debug.BuildSetting{
				{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: revision},
				{Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: "false"},
			},
			want: "adapter v1.2.3, commit " + revision + " of 2026-01-02T03:04:05Z, go1.26.8, linux/arm64",
		},
		"a working tree with changes": {
			version:  "v0.0.0-20260102030405-0123456789ab+dirty",
			settings: []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: "true"}},
			want: "adapter v0.0.0-20260102030405-0123456789ab+dirty, commit " + revision +
				" with changes that are not committed, go1.26.8, linux/arm64",
		},
		"sources without a repository": {
			version: "(devel)",
			want:    "adapter (devel), commit unknown, go1.26.8, linux/arm64",
		},
		"no build information": {
			want: "adapter (devel), commit unknown, go1.26.8, linux/arm64",
		},
	} {
		t.Run(name, func(t *testing.T) {
			info := &debug.BuildInfo{Main: debug.Module{Version: c.version}, Settings: c.settings}
			if got := line("adapter", "linux/arm64", "go1.26.8", info); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestLineOfThisBinaryNamesItsProgram(t *testing.T) {
	if got := Line("webhook"); !strings.HasPrefix(got, "webhook ") {
		t.Errorf("got %q", got)
	}
}
