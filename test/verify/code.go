package verify

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// modules finds go.mod and go.sum files that go mod tidy would change.
func modules(ctx context.Context, t *tree) ([]Finding, error) {
	var findings []Finding
	for _, dir := range t.modules() {
		diff, err := t.run(ctx, dir, "go", "mod", "tidy", "-diff")
		if diff != "" {
			findings = append(findings, Finding{path.Join(dir, "go.mod"), 0, "go mod tidy would change this module; " + fix})
		} else if err != nil {
			return nil, err
		}
	}
	return findings, nil
}

// format finds Go files that gofmt -s would change.
func format(ctx context.Context, t *tree) ([]Finding, error) {
	files := t.named("*.go")
	if len(files) == 0 {
		return nil, nil
	}
	changed, err := t.run(ctx, ".", "gofmt", append([]string{"-s", "-l"}, files...)...)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for name := range strings.Lines(changed) {
		findings = append(findings, Finding{strings.TrimSpace(name), 0, "gofmt -s would change this file; " + fix})
	}
	return findings, nil
}

// scripts finds shell scripts, known by their first line, that their shell can't parse.
func scripts(ctx context.Context, t *tree) ([]Finding, error) {
	interpreter := regexp.MustCompile(`^#!(?:/usr)?/bin/(?:env )?(sh|bash)\b`)
	position := regexp.MustCompile(`(?m): (?:line )?(\d+): (.*)$`) // of dash and of bash
	var findings []Finding
	for _, name := range t.files {
		data, err := t.read(name)
		if err != nil {
			return nil, err
		}
		shell := interpreter.FindSubmatch(data)
		if shell == nil {
			continue
		}
		if _, err := t.run(ctx, ".", string(shell[1]), "-n", name); err != nil {
			finding := Finding{name, 0, err.Error()}
			if m := position.FindStringSubmatch(err.Error()); m != nil {
				finding.Line, _ = strconv.Atoi(m[1])
				finding.Says = fmt.Sprintf("%s; correct it, and try %s -n %s", m[2], shell[1], name)
			}
			findings = append(findings, finding)
		}
	}
	return findings, nil
}

// lineOf is the line of a position in a text, from 1.
func lineOf(text []byte, position int) int {
	return 1 + bytes.Count(text[:min(max(position, 0), len(text))], []byte("\n"))
}
