package provider

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// speakers are the packages whose errors an HPA can show.
func speakers() []string {
	return []string{".", "../snapshot", "../collect", "../kafka", "../kafka/security", "../flink", "../flink/rest", "../sizing", "../tlsfile", "../rule", "../rules"}
}

// unheard are texts that no HPA can show, and why.
func unheard() map[string]string {
	return map[string]string{
		"alias %s: %w":                                            "refuses a configuration",
		"the %s loop has not started":                             "a probe's",
		"the %s loop has not turned for more than %s":             "a probe's",
		"the rules loop has not turned for more than %s":          "a probe's",
		"set up CEL: %w":                                          "a mistake in flink-hpa, found by each test",
		"set up CEL's types: %w":                                  "likewise",
		"set up CEL's variables: %w":                              "likewise",
		"is longer than %d bytes":                                 "stands behind the field of a spec that is refused, as do the next",
		"has a time zone; give that in timeZone":                  "",
		"is no time as cron has it, such as 30 8 * * MON-FRI: %w": "",
	}
}

// verb is a place in a format where something else stands.
var verb = regexp.MustCompile(`%[-+# 0]*[0-9]*(\.[0-9]+)?[a-zA-Z%]`)

// tellingLength is that of a part of a message by which it is found again.
const tellingLength = 12

func TestEachMessageIsInTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := string(text)
	left := unheard()
	found := 0
	for _, folder := range speakers() {
		for _, message := range messages(t, folder) {
			found++
			if _, ok := unheard()[message]; ok {
				delete(left, message)
				continue
			}
			for _, part := range verb.Split(message, -1) {
				if part = strings.Trim(part, " :;,\""); len(part) >= tellingLength && !strings.Contains(documented, part) {
					t.Errorf("docs/troubleshooting.md lacks %q of %s: %q", part, folder, message)
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d messages are found; are they made in another way?", found)
	}
	for message := range left {
		t.Errorf("%q is not there any more; take it out of unheard", message)
	}
}

// messages are the constant texts of the errors that a folder's code makes with errors.New and fmt.Errorf.
func messages(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(paths), err)
	}
	var all []string
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			if selector, ok := call.Fun.(*ast.SelectorExpr); ok && (selector.Sel.Name == "New" || selector.Sel.Name == "Errorf") {
				if from, ok := selector.X.(*ast.Ident); ok && (from.Name == "errors" || from.Name == "fmt") {
					all = append(all, constant(call.Args[0]))
				}
			}
			return true
		})
	}
	return all
}

// constant is what is known of a text before the program runs; what isn't becomes a verb.
func constant(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err == nil {
			return text
		}
	case *ast.BinaryExpr:
		return constant(e.X) + constant(e.Y)
	}
	return "%s"
}
