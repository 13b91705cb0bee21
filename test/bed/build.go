package bed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"
)

// copyDependencies is the Maven goal that fetches what a pom names.
const copyDependencies = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

// build makes everything that the bed runs, unless it is there already: our programs and the control plane with Go, the
// brokers, Flink and the job with Maven. The two go on side by side.
func (b *Bed) build(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.fetch(ctx) })
	group.Go(func() error {
		err := b.progress.Step("build the adapter, the webhook and the test bed", func() error {
			return errors.Join(
				b.goBuild(ctx, b.layout.root, "adapter", "./cmd/adapter"),
				b.goBuild(ctx, b.layout.root, "webhook", "./cmd/webhook"),
				b.goBuild(ctx, filepath.Join(b.layout.root, "test"), "bed", "./cmd/bed"))
		})
		if err != nil {
			return err
		}
		return b.once(filepath.Join("test", "controlplane"), b.layout.bin("controlplane"),
			"build the control plane (minutes, the first time)", func() error {
				// Debugging data takes a fifth of the time to make.
				const noDebug = "-gcflags=all=-dwarf=false"
				if err := b.goBuild(ctx, filepath.Join(b.layout.root, "test", "controlplane"), "controlplane", ".", noDebug); err != nil {
					return err
				}
				return b.linkComponents()
			})
	})
	return group.Wait()
}

// fetch brings Kafka, Flink and the job.
func (b *Bed) fetch(ctx context.Context) error {
	libs := b.layout.kafkaLibs()
	if err := b.once("test/dist/kafka", libs, "fetch Kafka", func() error {
		return b.copyJars(ctx, "test/dist/kafka", libs)
	}); err != nil {
		return err
	}
	lib := filepath.Join(b.layout.flinkHome(), "lib")
	if err := b.once("test/dist/flink", lib, "fetch Flink", func() error {
		return b.copyJars(ctx, "test/dist/flink", lib)
	}); err != nil {
		return err
	}
	return b.buildJob(ctx, lib, b.layout.jobHome())
}

// buildJob makes home the folder of an image that holds the job, with the jars of Flink that lie in lib.
func (b *Bed) buildJob(ctx context.Context, lib, home string, args ...string) error {
	usrlib := filepath.Join(home, "usrlib")
	return b.once("test/job", usrlib, "build the Flink job", func() error {
		out := filepath.Join(b.layout.cache, "job", filepath.Base(home))
		if err := b.maven(ctx, "test/job", "package", append(args, "-Dout="+out)...); err != nil {
			return err
		}
		if err := os.MkdirAll(usrlib, 0o755); err != nil {
			return err
		}
		if err := link(lib, filepath.Join(home, "lib")); err != nil {
			return err
		}
		return os.Rename(filepath.Join(out, "lag-job.jar"), filepath.Join(usrlib, "lag-job.jar"))
	})
}

// copyJars fetches what a pom names into dir, in place of what is there.
func (b *Bed) copyJars(ctx context.Context, pom, dir string, args ...string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return b.maven(ctx, pom, copyDependencies, append(args, "-DincludeScope=runtime", "-DoutputDirectory="+dir)...)
}

// once does a step unless what it makes is there and was made from the same sources by the same machine's tools.
func (b *Bed) once(sources, result, name string, do func() error) error {
	stamp := result + ".stamp"
	key, err := fingerprint(filepath.Join(b.layout.root, sources))
	if err != nil {
		return err
	}
	if made, err := os.ReadFile(stamp); err == nil && string(made) == key {
		if _, err := os.Stat(result); err == nil {
			return nil
		}
	}
	if err := b.progress.Step(name, do); err != nil {
		return err
	}
	return os.WriteFile(stamp, []byte(key), 0o644)
}

func fingerprint(dir string) (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.Version())
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(hash, "%s %d\n", strings.TrimPrefix(path, dir), len(data))
		hash.Write(data)
		return err
	})
	return hex.EncodeToString(hash.Sum(nil)), err
}

func (b *Bed) goBuild(ctx context.Context, dir, name, pkg string, flags ...string) error {
	args := append([]string{"build", "-ldflags=-s -w", "-o", b.layout.bin(name)}, flags...)
	return b.command(ctx, dir, []string{"CGO_ENABLED=0"}, "go", append(args, pkg)...)
}

func (b *Bed) maven(ctx context.Context, project, goal string, args ...string) error {
	args = append([]string{"-q", "-B", "-ntp", "-f", filepath.Join(project, "pom.xml"), goal}, args...)
	return b.command(ctx, b.layout.root, nil, "mvn", args...)
}

// command runs a build tool, and gives its output when it fails.
func (b *Bed) command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	output, err := c.CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, output)
	}
	return nil
}

func (b *Bed) linkComponents() error {
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"} {
		if err := link("controlplane", b.layout.bin(name)); err != nil {
			return err
		}
	}
	return nil
}

// link makes a symbolic link, in place of one that is there.
func link(target, path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(target, path)
}
