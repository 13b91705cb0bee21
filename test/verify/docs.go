package verify

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// document is one Markdown file.
type document struct {
	name    string // from the root of the checkout
	source  []byte
	root    ast.Node
	anchors []string // of its headings, as GitHub makes them
}

// docs finds what the Markdown files say of the tree and isn't so: links and paths to files that aren't there, anchors of no heading, make
// targets that the Makefile doesn't have. Links to other hosts aren't followed.
func docs(_ context.Context, t *tree) ([]Finding, error) {
	documents := map[string]*document{}
	for _, name := range t.named("*.md") {
		source, err := t.read(name)
		if err != nil {
			return nil, err
		}
		documents[name] = parse(name, source)
	}
	targets, err := t.targets()
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, d := range documents {
		err := ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if !entering {
				return ast.WalkContinue, nil
			}
			add := func(says string) {
				if says != "" {
					findings = append(findings, Finding{d.name, lineOf(d.source, start(n)), says})
				}
			}
			switch n := n.(type) {
			case *ast.Link:
				add(t.linkFinding(d, string(n.Destination), documents))
			case *ast.Image:
				add(t.linkFinding(d, string(n.Destination), documents))
			case *ast.CodeSpan:
				code := plain(n, d.source)
				add(t.pathFinding(code))
				add(targetFinding(code, targets))
			case *ast.CodeBlock, *ast.FencedCodeBlock:
				for _, line := range n.Lines().Sliced(0, n.Lines().Len()) {
					if says := targetFinding(string(line.Value(d.source)), targets); says != "" {
						findings = append(findings, Finding{d.name, lineOf(d.source, line.Start), says})
					}
				}
			}
			return ast.WalkContinue, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return findings, nil
}

func parse(name string, source []byte) *document {
	d := &document{name: name, source: source, root: goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))}
	for n := d.root.FirstChild(); n != nil; n = n.NextSibling() {
		heading, ok := n.(*ast.Heading)
		if !ok {
			continue
		}
		anchor := slug(plain(heading, source))
		for i, first := 1, anchor; slices.Contains(d.anchors, anchor); i++ {
			anchor = fmt.Sprintf("%s-%d", first, i)
		}
		d.anchors = append(d.anchors, anchor)
	}
	return d
}

// slug is the anchor that GitHub gives to a heading.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(heading))
}

// plain is a node's text without its marks.
func plain(n ast.Node, source []byte) string {
	var b bytes.Buffer
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Value(source))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		} else {
			b.WriteString(plain(c, source))
		}
	}
	return b.String()
}

// start is where a node, or the first text in it, is in the source; where that isn't known, the block around it.
func start(n ast.Node) int {
	for c := n; c != nil; c = c.FirstChild() {
		if t, ok := c.(*ast.Text); ok {
			return t.Segment.Start
		}
	}
	for ; n != nil; n = n.Parent() {
		if n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
			return n.Lines().At(0).Start
		}
	}
	return 0
}

// linkFinding says what is wrong with a link in d, or nothing.
func (t *tree) linkFinding(d *document, link string, documents map[string]*document) string {
	to, err := url.Parse(link)
	switch {
	case err != nil:
		return fmt.Sprintf("link to %s: %v; correct it", link, err)
	case to.IsAbs() || to.Host != "":
		return ""
	}
	name := d.name
	switch {
	case strings.HasPrefix(to.Path, "/"):
		name = path.Clean(to.Path[1:])
	case to.Path != "":
		name = path.Join(path.Dir(d.name), to.Path)
	}
	if strings.HasPrefix(name, "..") || !t.has(name) {
		return fmt.Sprintf("link to %s: there is no %s; correct the link, or add the file", link, name)
	}
	if target := documents[name]; to.Fragment != "" && target != nil && !slices.Contains(target.anchors, to.Fragment) {
		return fmt.Sprintf("link to %s: %s has no heading with that anchor; it has %s", link, name, strings.Join(target.anchors, ", "))
	}
	return ""
}

// pathFinding says that code which looks like a path of the tree is none, or nothing.
func (t *tree) pathFinding(code string) string {
	if !regexp.MustCompile(`^[\w.-]+(/[\w.-]+)+/?$`).MatchString(code) || strings.Contains(code, "...") {
		return ""
	}
	first, _, _ := strings.Cut(code, "/")
	if made(first) || !t.has(first) || t.has(code) {
		return ""
	}
	return fmt.Sprintf("there is no %s; correct the path, or add the file", code)
}

// targets lists the targets of the Makefile.
func (t *tree) targets() ([]string, error) {
	makefile, err := t.read("Makefile")
	if err != nil {
		return nil, err
	}
	var targets []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`).FindAllSubmatch(makefile, -1) {
		targets = append(targets, string(m[1]))
	}
	return targets, nil
}

// targetFinding says that code calls make with a target that there isn't, or nothing.
func targetFinding(code string, targets []string) string {
	m := regexp.MustCompile(`^\s*make ([a-z][a-z0-9-]*)`).FindStringSubmatch(code)
	if m == nil || slices.Contains(targets, m[1]) {
		return ""
	}
	return fmt.Sprintf("the Makefile has no target %s; it has %s", m[1], strings.Join(targets, ", "))
}
