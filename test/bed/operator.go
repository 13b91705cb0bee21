package bed

import (
	"archive/zip"
	"context"
	"io/fs"
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
	home := b.layout.operatorHome()
	lib, definitions := filepath.Join(home, "lib"), filepath.Join(home, "crds-"+definitionsVersion)
	err = b.locked(func() error {
		if err := b.once(pom, lib, "fetch Flink's operator", func() error { return b.copyJars(ctx, pom, lib) }); err != nil {
			return err
		}
		return b.once(pom, definitions, "fetch the definitions of its custom resources", func() error {
			return b.fetchDefinitions(ctx, pom, definitions)
		})
	})
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(definitions, "*-v1.yml"))
}

// fetchDefinitions takes the definitions out of the jar that holds them, into dir in place of what is there. Maven's own goal for
// that leaves a file beside the pom.
func (b *Bed) fetchDefinitions(ctx context.Context, pom, dir string) error {
	const goal, name = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy", "flink-kubernetes-operator-api"
	home := filepath.Dir(dir)
	if err := b.maven(ctx, pom, goal, "-Dartifact=org.apache.flink:"+name+":"+definitionsVersion, "-DoutputDirectory="+home); err != nil {
		return err
	}
	jar, err := zip.OpenReader(filepath.Join(home, name+"-"+definitionsVersion+".jar"))
	if err != nil {
		return err
	}
	defer jar.Close()
	inside, err := fs.Sub(jar, "META-INF/fabric8")
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.CopyFS(dir, inside)
}

// flinkOperatorImage stands in for the operator's official image.
func (b *Bed) flinkOperatorImage() node.Image {
	return node.Image{
		Entrypoint: []string{b.layout.bin("bed"), "image", "flink-operator"},
		Env:        map[string]string{image.FlinkHomeVariable: b.layout.operatorHome()},
	}
}

func (l layout) operatorHome() string { return filepath.Join(l.cache, "flink-operator") }
