package verify

import (
	"context"
	"io"
	"path"
	"strings"

	"github.com/rhysd/actionlint"
)

// workflows finds mistakes in GitHub's workflow files, and commands of theirs that the Makefile doesn't have. What shellcheck and pyflakes
// would say isn't asked, since they may not be there.
func workflows(_ context.Context, t *tree) ([]Finding, error) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{WorkingDir: t.root})
	if err != nil {
		return nil, err
	}
	targets, err := t.targets()
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, name := range t.files {
		if path.Dir(name) != ".github/workflows" || !strings.HasSuffix(name, ".yml") && !strings.HasSuffix(name, ".yaml") {
			continue
		}
		data, err := t.read(name)
		if err != nil {
			return nil, err
		}
		mistakes, err := linter.Lint(name, data, nil)
		if err != nil {
			return nil, err
		}
		for _, m := range mistakes {
			findings = append(findings, Finding{name, m.Line, m.Message + " (actionlint, " + m.Kind + ")"})
		}
		for i, line := range strings.Split(string(data), "\n") {
			_, command, _ := strings.Cut(line, "run: ")
			if says := targetFinding(command, targets); says != "" {
				findings = append(findings, Finding{name, i + 1, says})
			}
		}
	}
	return findings, nil
}
