package images

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Push sends the layout in out to the registry that its names are of: each index with its images and their SBOMs, and the tag
// last, so that whoever finds the tag finds all of it. It returns the names with their digests. The options say who one is, and how to get
// there; a context of their own has no effect.
func Push(ctx context.Context, out string, options ...remote.Option) ([]name.Digest, error) {
	s, err := readLayout(out)
	if err != nil {
		return nil, err
	}
	options = append(options, remote.WithContext(ctx))
	var pushed []name.Digest
	for _, n := range s.names {
		tag, err := name.NewTag(n)
		if err != nil {
			return nil, err
		}
		digest, err := push(tag, s, s.indexes[n], options)
		if err != nil {
			return nil, fmt.Errorf("push %s: %w", n, err)
		}
		pushed = append(pushed, digest)
	}
	return pushed, nil
}

func push(tag name.Tag, s stored, index v1.ImageIndex, options []remote.Option) (name.Digest, error) {
	digest, err := index.Digest()
	if err != nil {
		return name.Digest{}, err
	}
	at := tag.Context().Digest(digest.String())
	if err := remote.WriteIndex(at, index, options...); err != nil {
		return name.Digest{}, err
	}
	referrers, err := s.referrersOf(index)
	if err != nil {
		return name.Digest{}, err
	}
	for _, referrer := range referrers {
		digest, err := referrer.Digest()
		if err != nil {
			return name.Digest{}, err
		}
		if err := remote.Write(tag.Context().Digest(digest.String()), referrer, options...); err != nil {
			return name.Digest{}, fmt.Errorf("SBOM: %w", err)
		}
	}
	return at, remote.Tag(tag, index, options...)
}
