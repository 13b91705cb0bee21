package flinkconf

import (
	"fmt"
	"strconv"
	"strings"
)

// Version of Flink, without its patch. The zero value is an unknown one.
type Version struct{ Major, Minor int }

// Oldest is the first version with reactive mode.
func Oldest() Version { return Version{1, 13} }

// ParseVersion reads the version at the start of text, be it followed by a patch or more: `1.20`, `1.17.2`, `2.3.0-scala_2.12-java17`.
// It refuses what is no version of Flink with reactive mode, 1.13 to 2.x.
func ParseVersion(text string) (Version, error) {
	number, _, _ := strings.Cut(text, "-")
	parts := strings.Split(number, ".")
	if len(parts) != 2 && len(parts) != 3 {
		return Version{}, fmt.Errorf("%q is not a version of Flink such as 1.20 or 2.3.0", text)
	}
	var numbers [3]int
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return Version{}, fmt.Errorf("%q is not a version of Flink such as 1.20 or 2.3.0", text)
		}
		numbers[i] = int(n)
	}
	version := Version{numbers[0], numbers[1]}
	if version.Before(Oldest()) || version.Major > 2 {
		return Version{}, fmt.Errorf("%q is not a version of Flink with reactive mode, %s to 2.x", text, Oldest())
	}
	return version, nil
}

// ImageVersion reads the version from the tag of an image whose repository ends in "flink", as Flink's own images do. Any other
// image's tag is a version of something else, so Flink's is unknown: the zero value.
func ImageVersion(image string) Version {
	image, _, _ = strings.Cut(image, "@")
	repository := image[strings.LastIndex(image, "/")+1:]
	name, tag, _ := strings.Cut(repository, ":")
	if name != "flink" {
		return Version{}
	}
	version, err := ParseVersion(tag)
	if err != nil {
		return Version{}
	}
	return version
}

// Known is false for the zero value.
func (v Version) Known() bool { return v != Version{} }

// Before says whether v is older than other. An unknown version is older than any.
func (v Version) Before(other Version) bool {
	return v.Major < other.Major || v.Major == other.Major && v.Minor < other.Minor
}

func (v Version) String() string {
	if !v.Known() {
		return "unknown"
	}
	return fmt.Sprintf("%d.%d", v.Major, v.Minor)
}
