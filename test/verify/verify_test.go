package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	goMod     = "module example.com/m\n\ngo 1.26\n"
	component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: patch.yaml}]\n"
	configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: v}\n"
	workflow  = "on: push\npermissions: {contents: read}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: make test\n"
)

// checkout writes files into a folder of their own, beside a Makefile with the target test.
func checkout(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	write := func(name, content string) {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("Makefile", "test: build ## every test\n")
	for name, content := range files {
		write(name, content)
	}
	return root
}

// fakeControllerGen writes one file into each of the two folders that it is given.
func fakeControllerGen(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "controller-gen")
	script := `#!/bin/sh
set -e
for a; do
	case $a in
	output:object:dir=*) mkdir -p "${a#*dir=}"; echo "package v1alpha1" > "${a#*dir=}/made.go" ;;
	output:crd:dir=*) mkdir -p "${a#*dir=}"; echo "kind: X" > "${a#*dir=}/made.yaml" ;;
	esac
done
`
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return program
}

func TestFindings(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string // the beginning of each line
	}{
		{"a tidy module has none", map[string]string{"go.mod": goMod, "m.go": "package m\n"}, nil},
		{"a module that asks for what it doesn't import",
			map[string]string{"sub/go.mod": goMod + "\nrequire example.com/m v1.0.0\n\nreplace example.com/m => ../m\n", "m/go.mod": goMod},
			[]string{"sub/go.mod: go mod tidy would change this module; make update"}},
		{"a file that isn't formatted", map[string]string{"a/b.go": "package b\nvar  x = []T{T{}}\n"},
			[]string{"a/b.go: gofmt -s would change this file; make update"}},
		{"generated files as they would be generated", map[string]string{apis + "/made.go": "package v1alpha1\n", definitions + "/made.yaml": "kind: X\n"}, nil},
		{"generated files of which one is old and one isn't there", map[string]string{apis + "/made.go": "package v1\n"},
			[]string{"adapter/rule/v1alpha1/made.go: controller-gen makes another file of adapter/rule/v1alpha1; make update", "manifests/base/crd/made.yaml: controller-gen makes"}},
		{"what the commands leave behind doesn't count", map[string]string{".cache/b.go": "package  b\n", "out/x.md": "[a](b)\n"}, nil},

		{"a link to a file, a folder and a heading that are there", map[string]string{
			"docs/a.md": "# A\n[b](b.md#two-words---more-1) [up](../Makefile) [self](#a) [out](https://example.com/x) [dir](.)\n",
			"docs/b.md": "## Two words, `--more`\n## Two words, --more\n"}, nil},
		{"a link to a file that isn't there", map[string]string{"docs/a.md": "# A\n\n| x |\n|---|\n| [b](b.md) |\n"},
			[]string{"docs/a.md:5: link to b.md: there is no docs/b.md"}},
		{"a link out of the tree", map[string]string{"a.md": "[b](..)\n"}, []string{"a.md:1: link to ..: there is no .."}},
		{"an anchor of no heading", map[string]string{"a.md": "# One\n\ntext\nand [b](#two)\n"},
			[]string{"a.md:4: link to #two: a.md has no heading with that anchor; it has one"}},
		{"a path in the text that isn't there", map[string]string{"a.md": "See `test/x.go` and\n`test/y.go`, `no/folder`, `test/...`, `out/z.json`.\n", "test/x.go": "package x\n"},
			[]string{"a.md:2: there is no test/y.go"}},
		{"a make target that isn't there", map[string]string{"a.md": "`make test`, `make all`\n\n    make test\n    make build  # x\n"},
			[]string{"a.md:1: the Makefile has no target all; it has test", "a.md:4: the Makefile has no target build"}},

		{"a component is rendered on the base", map[string]string{
			"manifests/base/kustomization.yaml": "resources: [c.yaml]\n", "manifests/base/c.yaml": configMap,
			"manifests/components/x/kustomization.yaml": component,
			"manifests/components/x/patch.yaml":         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: w}\n"}, nil},
		{"a patch of nothing in the base", map[string]string{
			"manifests/base/kustomization.yaml": "resources: [c.yaml]\n", "manifests/base/c.yaml": configMap,
			"manifests/components/x/kustomization.yaml": component,
			"manifests/components/x/patch.yaml":         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n"},
			[]string{"manifests/components/x/kustomization.yaml: does not render: "}},
		{"a component that goes with more than the base is rendered where an overlay uses it", map[string]string{
			"manifests/overlays/o/kustomization.yaml":   "resources: [c.yaml]\ncomponents: [../../components/x]\n",
			"manifests/overlays/o/c.yaml":               configMap,
			"manifests/components/x/kustomization.yaml": component,
			"manifests/components/x/patch.yaml":         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"}, nil},
		{"a field that the kind doesn't have", map[string]string{
			"manifests/base/kustomization.yaml": "resources: [c.yaml]\n", "manifests/base/c.yaml": configMap + "spec: {}\n"},
			[]string{`manifests/base/kustomization.yaml: ConfigMap c is no valid object: strict decoding error: unknown field "spec"`}},
		{"a kind of somebody else's is only rendered", map[string]string{
			"manifests/base/kustomization.yaml": "resources: [c.yaml]\n",
			"manifests/base/c.yaml":             "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: c}\nspec: {}\n"}, nil},
		{"kustomizations of tests may be templates", map[string]string{"test/kustomization.yaml": "{{.X}}\n"}, nil},

		{"a workflow", map[string]string{".github/workflows/ci.yml": workflow}, nil},
		{"a workflow with a key that there isn't", map[string]string{".github/workflows/ci.yml": workflow + "      with-x: 1\n"},
			[]string{`.github/workflows/ci.yml:8: unexpected key "with-x"`}},
		{"a workflow that runs a target that there isn't", map[string]string{".github/workflows/ci.yml": workflow + "    - run: make all\n"},
			[]string{".github/workflows/ci.yml:8: the Makefile has no target all"}},
		{"scripts that parse", map[string]string{"a.sh": "#!/bin/sh\nif true; then :; fi\n", "b": "#!/usr/bin/env bash\n[[ a == a ]]\n"}, nil},
		{"scripts that don't", map[string]string{"a.sh": "#!/bin/sh\n\nif true; then\n}\n", "b": "#!/usr/bin/env bash\n)\n"},
			[]string{"a.sh:4: ", "b:2: "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			err := Run(t.Context(), checkout(t, test.files), fakeControllerGen(t), &out)
			if (err != nil) != (len(test.want) > 0) {
				t.Errorf("Run: %v", err)
			}
			got := strings.Split(strings.TrimSpace(out.String()), "\n")
			if out.Len() == 0 {
				got = nil
			}
			if len(got) != len(test.want) {
				t.Fatalf("findings are (-want +got):\n%s", cmp.Diff(test.want, got))
			}
			for i := range got {
				if !strings.HasPrefix(got[i], test.want[i]) {
					t.Errorf("finding is %q, want %q and so on", got[i], test.want[i])
				}
			}
		})
	}
}

func TestACheckThatCannotBeMadeIsAnError(t *testing.T) {
	root := checkout(t, map[string]string{"go.mod": "module\n"})
	if err := Run(t.Context(), root, "", &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "check of modules") {
		t.Errorf("error is %v", err)
	}
}

func TestWithoutControllerGenGeneratedFilesCannotBeChecked(t *testing.T) {
	root := checkout(t, map[string]string{apis + "/types.go": "package v1alpha1\n"})
	if err := Run(t.Context(), root, "", &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "check of generated: where controller-gen is isn't known") {
		t.Errorf("error is %v", err)
	}
}

func TestUpdateLeavesNothingToFind(t *testing.T) {
	root := checkout(t, map[string]string{"go.mod": goMod + "\nrequire example.com/n v1.0.0\n\nreplace example.com/n => ./n\n",
		apis + "/made.go": "package old\n",
		"n/go.mod":        "module example.com/n\n\ngo 1.26\n", "n/n.go": "package  n\n"})
	controllerGen := fakeControllerGen(t)
	if err := Run(t.Context(), root, controllerGen, &strings.Builder{}); err == nil {
		t.Fatal("nothing was found before")
	}
	if err := Update(t.Context(), root, controllerGen); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Run(t.Context(), root, controllerGen, &out); err != nil {
		t.Errorf("%v: %s", err, out.String())
	}
}
