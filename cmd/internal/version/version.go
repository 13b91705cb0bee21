// Package version says which build of a program runs, from what the Go toolchain put into the binary.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Line is what --version prints: the program's name, its version, the commit and its time, the Go version and the platform.
// The version is the module's: a tag, or a pseudo-version that holds the commit; "(devel)" where none is known.
func Line(name string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return line(name, runtime.GOOS+"/"+runtime.GOARCH, runtime.Version(), info)
}

func line(name, platform, goVersion string, info *debug.BuildInfo) string {
	version := info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	return fmt.Sprintf("%s %s, %s, %s, %s", name, version, commit(info), goVersion, platform)
}

func commit(info *debug.BuildInfo) string {
	vcs := map[string]string{}
	for _, s := range info.Settings {
		vcs[s.Key] = s.Value
	}
	if vcs["vcs.revision"] == "" {
		return "commit unknown"
	}
	text := "commit " + vcs["vcs.revision"]
	if at := vcs["vcs.time"]; at != "" {
		text += " of " + at
	}
	if vcs["vcs.modified"] == "true" {
		text += " with changes that are not committed"
	}
	return text
}
