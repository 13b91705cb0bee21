package bed

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flink-hpa/flink-hpa/test/image"
	"github.com/flink-hpa/flink-hpa/test/node"
)

// OldFlinks are the versions that pods can name as image flink:VERSION once FetchFlink has brought them. They hold the job
// org.apache.flink.streaming.examples.windowing.TopSpeedWindowing.
func OldFlinks() []string { return []string{"1.13.6", "1.17.2", "1.20.5"} }

// FetchFlink brings one of OldFlinks, unless it is there.
func (b *Bed) FetchFlink(ctx context.Context, version string) error {
	if !slices.Contains(OldFlinks(), version) {
		return fmt.Errorf("no old Flink %q: there are %s", version, strings.Join(OldFlinks(), ", "))
	}
	lib := filepath.Join(b.layout.oldFlinkHome(version), "lib")
	return b.locked(func() error {
		return b.once("test/dist/flink-1.x", lib, "fetch Flink "+version, func() error {
			return b.copyJars(ctx, "test/dist/flink-1.x", lib, "-P"+minor(version))
		})
	})
}

// flinkImage stands in for the official image of a version whose jars lie in home.
func (b *Bed) flinkImage(version, home string) node.Image {
	entrypoint := []string{b.layout.bin("bed"), "image", "flink"}
	return node.Image{
		Entrypoint: entrypoint, HasShell: true,
		Programs: map[string][]string{"docker-entrypoint.sh": entrypoint},
		Env: map[string]string{
			image.FlinkVersionVariable: version,
			image.FlinkHomeVariable:    home,
			image.MemoryVariable:       filepath.Join(b.layout.cache, "memory"),
		},
	}
}

// minor is the version without its patch release: 1.13.6 is a 1.13.
func minor(version string) string { return version[:strings.LastIndex(version, ".")] }

func (l layout) oldFlinkHome(version string) string { return filepath.Join(l.cache, "flink-"+version) }
