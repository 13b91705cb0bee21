package flinkconf

import (
	"strings"
	"testing"
)

func TestVersionOfAnImage(t *testing.T) {
	for _, c := range []struct {
		name, image string
		want        Version
	}{
		{"Flink's own", "flink:1.17.2", Version{1, 17}},
		{"Apache's", "apache/flink:2.3.0-scala_2.12-java17", Version{2, 3}},
		{"without a patch", "flink:1.20", Version{1, 20}},
		{"with a Scala version and a Java version", "flink:1.13.6-scala_2.11-java8", Version{1, 13}},
		{"of a mirror with a port", "registry.example:5000/mirror/flink:1.20.1", Version{1, 20}},
		{"with a digest too", "flink:1.20.1@sha256:0123", Version{1, 20}},
		{"a digest alone", "flink@sha256:0123", Version{}},
		{"no tag", "flink", Version{}},
		{"no tag at a registry with a port", "registry.example:5000/flink", Version{}},
		{"the latest", "flink:latest", Version{}},
		{"a tag without a version", "flink:scala_2.12-java11", Version{}},
		{"a major version alone", "flink:2", Version{}},
		{"another image whose tag looks like a version of Flink", "registry.example/my-job:1.17.2", Version{}},
		{"another image whose name ends like Flink's", "registry.example/my-flink:1.17.2", Version{}},
		{"a folder called flink", "registry.example/flink/job:1.17.2", Version{}},
		{"too old for reactive mode", "flink:1.12.7", Version{}},
		{"a number that can't be Flink's", "registry.example/flink:7.1.0", Version{}},
		{"nothing", "", Version{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ImageVersion(c.image); got != c.want {
				t.Errorf("ImageVersion(%q) = %s, want %s", c.image, got, c.want)
			}
		})
	}
}

func TestParseVersionRefuses(t *testing.T) {
	for _, text := range []string{"", "1", "1.x", "v1.20", "1.20.1.0", "1.12", "0.9", "3.0", "1.-20", "1.99999999999", " 1.20"} {
		if got, err := ParseVersion(text); err == nil {
			t.Errorf("ParseVersion(%q) = %s, want an error", text, got)
		} else if !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("ParseVersion(%q): the error %q doesn't say the value", text, err)
		}
	}
}

func FuzzImageVersion(f *testing.F) {
	for _, seed := range []string{"flink:1.17.2-scala_2.12", "a:5000/flink:2.3@sha256:0", ":", "/:@", "flink:-1.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, image string) {
		if got := ImageVersion(image); got.Known() && (got.Before(Oldest()) || got.Major > 2) {
			t.Errorf("ImageVersion(%q) = %s", image, got)
		}
	})
}
