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
func OldFlinks() []string { return []string{"1.13.6", "1.17.2", jobFlink} }

// jobFlink is the one of OldFlinks that the demo's job is built for too, as image flink-hpa/lag-job:VERSION. Older ones lack
// parts of the API that it is written for.
const jobFlink = "1.20.5"

// FetchFlink brings one of OldFlinks, and its job where there is one, unless they are there.
func (b *Bed) FetchFlink(ctx context.Context, version string) error {
	if !slices.Contains(OldFlinks(), version) {
		return fmt.Errorf("no old Flink %q: there are %s", version, strings.Join(OldFlinks(), ", "))
	}
	lib := filepath.Join(b.layout.oldFlinkHome(version), "lib")
	return b.locked(func() error {
		profile := "-P" + minor(version)
		err := b.once("test/dist/flink-1.x", lib, "fetch Flink "+version, func() error {
			return b.copyJars(ctx, "test/dist/flink-1.x", lib, profile)
		})
		if err != nil || version != jobFlink {
			return err
		}
		return b.buildJob(ctx, lib, b.layout.oldJobHome(), profile)
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
func (l layout) oldJobHome() string                 { return filepath.Join(l.cache, "lag-job-"+jobFlink) }
