// Package verify checks what no compiler and no other test does: that modules are tidy, Go files formatted, generated files as they would be
// generated, kustomizations render, documents point at what exists, and workflows and scripts parse. It reads the tree and nothing outside it.
package verify

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Finding is one thing that is not as it should be.
type Finding struct {
	File string // from the root of the checkout, with slashes
	Line int    // from 1; 0: the file as a whole
	Says string // what is wrong and the way out
}

func (f Finding) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Says
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Says)
}

// fix is the way out where a program can do it.
const fix = "make update does it"

// check looks at one side of the tree. Its error is that it could not look.
type check struct {
	name string
	find func(ctx context.Context, t *tree) ([]Finding, error)
}

func checks() []check {
	return []check{
		{"modules", modules},
		{"format", format},
		{"generated", generated},
		{"manifests", manifests},
		{"docs", docs},
		{"workflows", workflows},
		{"scripts", scripts},
	}
}

// Run prints every finding about the checkout at root, sorted by file. It returns an error when there is one, or when a check could not
// be made. controllerGen is the path of that program.
func Run(ctx context.Context, root, controllerGen string, out io.Writer) error {
	t, err := newTree(root)
	if err != nil {
		return err
	}
	t.controllerGen = controllerGen
	all := checks()
	found := make([][]Finding, len(all))
	group, ctx := errgroup.WithContext(ctx)
	for i, c := range all {
		group.Go(func() error {
			findings, err := c.find(ctx, t)
			if err != nil {
				return fmt.Errorf("check of %s: %w", c.name, err)
			}
			found[i] = findings
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	findings := slices.Concat(found...)
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	for _, f := range findings {
		fmt.Fprintln(out, f)
	}
	if len(findings) > 0 {
		return fmt.Errorf("%d findings", len(findings))
	}
	return nil
}

// Update does what can be done without a decision: it generates files, tidies the modules and formats the Go files.
func Update(ctx context.Context, root, controllerGen string) error {
	t, err := newTree(root)
	if err != nil {
		return err
	}
	t.controllerGen = controllerGen
	if t.has(apis) {
		if err := t.generate(ctx, t.path(apis), t.path(definitions)); err != nil {
			return err
		}
	}
	for _, dir := range t.modules() {
		if _, err := t.run(ctx, dir, "go", "mod", "tidy"); err != nil {
			return err
		}
	}
	_, err = t.run(ctx, ".", "gofmt", append([]string{"-s", "-w"}, t.named("*.go")...)...)
	return err
}
