package verify

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// base is what a component is rendered on.
const base = "manifests/base"

// manifests finds kustomizations under manifests/ that don't render, and objects in them with fields that their kind doesn't have. Kinds
// that Kubernetes itself doesn't have are rendered only.
func manifests(ctx context.Context, t *tree) ([]Finding, error) {
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	kustomizations, err := t.kustomizations()
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for dir := range kustomizations {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		name := path.Join(dir, "kustomization.yaml")
		objects, err := t.render(kustomizations, dir)
		if err != nil {
			findings = append(findings, Finding{name, 0, fmt.Sprintf("does not render: %v; try kubectl kustomize %s", err, dir)})
			continue
		}
		for _, object := range objects {
			data, err := object.AsYAML()
			if err != nil {
				return nil, err
			}
			if _, _, err := decoder.Decode(data, nil, nil); err != nil && !runtime.IsNotRegisteredError(err) {
				findings = append(findings, Finding{name, 0, fmt.Sprintf("%s %s is no valid object: %v; correct it in its own file",
					object.GetKind(), object.GetName(), err)})
			}
		}
	}
	return findings, nil
}

// kustomizations reads those under manifests/, by folder. Those of the tests are templates.
func (t *tree) kustomizations() (map[string]types.Kustomization, error) {
	found := map[string]types.Kustomization{}
	for _, name := range t.named("kustomization.yaml") {
		if !strings.HasPrefix(name, "manifests/") {
			continue
		}
		data, err := t.read(name)
		if err != nil {
			return nil, err
		}
		var k types.Kustomization
		if err := yaml.Unmarshal(data, &k); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found[path.Dir(name)] = k
	}
	return found, nil
}

// render makes what kubectl apply -k would send. A component is rendered on the base, unless an overlay shows what it goes with: then it is
// rendered with that.
func (t *tree) render(kustomizations map[string]types.Kustomization, dir string) ([]*resource.Resource, error) {
	if kustomizations[dir].Kind != types.ComponentKind {
		return kustomize(t.path(dir))
	}
	for user, k := range kustomizations {
		if k.Kind != types.ComponentKind && slices.ContainsFunc(k.Components, func(c string) bool { return path.Join(user, c) == dir }) {
			return nil, nil
		}
	}
	return t.renderComponent(dir)
}

// renderComponent renders a component on the base, by a kustomization outside the tree; kustomize takes relative folders alone.
func (t *tree) renderComponent(component string) ([]*resource.Resource, error) {
	dir, err := os.MkdirTemp("", "verify")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	root, err := filepath.Rel(dir, t.root)
	if err != nil {
		return nil, err
	}
	overlay, err := yaml.Marshal(types.Kustomization{
		Resources: []string{path.Join(filepath.ToSlash(root), base)}, Components: []string{path.Join(filepath.ToSlash(root), component)},
	})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), overlay, 0o644); err != nil {
		return nil, err
	}
	return kustomize(dir)
}

func kustomize(dir string) ([]*resource.Resource, error) {
	objects, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	return objects.Resources(), nil
}
