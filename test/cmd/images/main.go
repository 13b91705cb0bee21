// Command images makes the container images of both programs, archives of them, and pushes them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/spf13/cobra"

	"github.com/flink-hpa/flink-hpa/test/command"
	"github.com/flink-hpa/flink-hpa/test/images"
)

func main() { command.Main(run) }

func run(ctx context.Context) error {
	c := &cobra.Command{Use: "images", Short: "Make the images of both programs", SilenceUsage: true, SilenceErrors: true}
	root := c.PersistentFlags().String("root", "..", "folder of the checkout")
	repository := c.PersistentFlags().String("repository", "", "what the images' names begin with (default flink-hpa)")
	version := c.PersistentFlags().String("version", "dev", "the images' tag")
	build := func(c *cobra.Command) (string, error) {
		options, err := newOptions(*root, *repository, *version)
		if err != nil {
			return "", err
		}
		table, err := images.Build(c.Context(), options)
		if err != nil {
			return "", err
		}
		fmt.Print(table)
		return options.Out, nil
	}
	c.AddCommand(
		&cobra.Command{
			Use: "build", Short: "write an OCI image layout and SBOMs", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				out, err := build(c)
				if err == nil {
					fmt.Println("OCI image layout, SBOMs and digests.txt:", out)
				}
				return err
			},
		},
		&cobra.Command{
			Use: "archive", Short: "build, and write an archive for each platform", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				out, err := build(c)
				if err != nil {
					return err
				}
				files, err := images.Archive(out)
				for _, file := range files {
					fmt.Println(file)
				}
				return err
			},
		},
		&cobra.Command{
			Use: "push", Short: "build, and push to the registry", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				if *repository == "" {
					return errors.New("push to where? Name the registry and the path in it: make push-images REPOSITORY=registry.example.com/team VERSION=v1")
				}
				out, err := build(c)
				if err != nil {
					return err
				}
				pushed, err := images.Push(c.Context(), out, remote.WithAuthFromKeychain(authn.DefaultKeychain))
				for _, name := range pushed {
					fmt.Println(name)
				}
				return err
			},
		})
	return c.ExecuteContext(ctx)
}

func newOptions(root, repository, version string) (images.Options, error) {
	if repository == "" {
		repository = "flink-hpa"
	}
	created, err := images.SourceDate(os.Getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return images.Options{}, err
	}
	self, _ := debug.ReadBuildInfo()
	roots, err := images.RootsVersion(self)
	if err != nil {
		return images.Options{}, err
	}
	return images.Options{
		Root:     root,
		Programs: images.Programs(),
		Bin:      filepath.Join(root, ".cache", "images"),
		Out:      filepath.Join(root, "out", "images"),
		Names:    images.Names{Repository: repository, Version: version},
		Created:  created,
		Roots:    roots,
	}, nil
}
