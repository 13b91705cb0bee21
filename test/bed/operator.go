package bed

import (
	"context"
	"os"
	"path/filepath"

	"github.com/flink-hpa/flink-hpa/test/image"
	"github.com/flink-hpa/flink-hpa/test/node"
)

const (
	operatorImage = "apache/flink-kubernetes-operator:1.7.0"
	// Of the definitions of its custom resources: a newer release, of which Maven Central has these and not the operator.
	definitionsVersion = "1.10.0"
)

// FetchFlinkOperator brings Flink's operator, which pods can name as image apache/flink-kubernetes-operator:1.7.0 from then on,
// unless it is there. It returns the files with the definitions of its custom resources.
func (b *Bed) FetchFlinkOperator(ctx context.Context) (crds []string, err error) {
	const pom = "test/dist/flink-operator"
	unpacked := filepath.Join(b.layout.operatorHome(), "crds-"+definitionsVersion)
	err = b.locked(func() error {
		lib := filepath.Join(b.layout.operatorHome(), "lib")
		if err := b.once(pom, lib, "fetch Flink's operator", func() error { return b.copyJars(ctx, pom, lib) }); err != nil {
			return err
		}
		return b.once(pom, unpacked, "fetch the definitions of its custom resources", func() error {
			if err := os.RemoveAll(unpacked); err != nil {
				return err
			}
			return b.maven(ctx, pom, unpack, "-Dartifact=org.apache.flink:flink-kubernetes-operator-api:"+definitionsVersion,
				"-DoutputDirectory="+unpacked, "-Dmdep.unpack.includes=META-INF/fabric8/*-v1.yml")
		})
	})
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(unpacked, "META-INF", "fabric8", "*.yml"))
}

// unpack is the Maven goal that takes files out of one artifact.
const unpack = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack"

// flinkOperatorImage stands in for the operator's official image.
func (b *Bed) flinkOperatorImage() node.Image {
	return node.Image{
		Entrypoint: []string{b.layout.bin("bed"), "image", "flink-operator"},
		Env:        map[string]string{image.FlinkHomeVariable: b.layout.operatorHome()},
	}
}

func (l layout) operatorHome() string { return filepath.Join(l.cache, "flink-operator") }
