package images

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// Names are what the images are called: REPOSITORY/PROGRAM:VERSION.
type Names struct {
	Repository string // with or without a registry's host, e.g. registry.example.com/team
	Version    string // the tag
}

// Tag is the name of a program's image. The error says which part is wrong.
func (n Names) Tag(program string) (name.Tag, error) {
	repository := n.Repository + "/" + program
	if _, err := name.NewRepository(repository); err != nil {
		return name.Tag{}, fmt.Errorf("REPOSITORY=%s: %w; give host/path in lower case, as in registry.example.com/team", n.Repository, err)
	}
	tag, err := name.NewTag(repository + ":" + n.Version)
	if err != nil {
		return name.Tag{}, fmt.Errorf("VERSION=%s: %w; a tag is letters, digits, '_', '.' and '-', at most 128 of them", n.Version, err)
	}
	return tag, nil
}

// fullName is what a name without a host stands for in containerd and Docker.
func fullName(tag name.Tag) string {
	if path, ok := strings.CutPrefix(tag.Name(), name.DefaultRegistry); ok {
		return "docker.io" + path
	}
	return tag.Name()
}
