// Package apiservice is about the APIService by which the cluster's API servers find the adapter. There is one for
// external.metrics.k8s.io in a cluster, and KEDA, prometheus-adapter and others are led to by it too: whoever was
// applied last has it. What leads to somebody else is told of, and left alone.
package apiservice

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// Registration is an APIService, and the Service that it ought to lead to. It needs get on the APIService, and patch for
// Inject. Safe for concurrent use.
type Registration struct {
	services dynamic.ResourceInterface
	name     string
	ours     types.NamespacedName
}

// New returns the APIService of that name, which ought to lead to our Service.
func New(client dynamic.Interface, name string, ours types.NamespacedName) *Registration {
	resource := schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	return &Registration{services: client.Resource(resource), name: name, ours: ours}
}

// Inject is a certs.Injector into spec.caBundle. An APIService that leads to another Service keeps the bundle that it has.
func (r *Registration) Inject(ctx context.Context, caBundle []byte) (written bool, err error) {
	service, err := r.get(ctx)
	if err != nil || leadsTo(service) != r.ours {
		return false, err
	}
	want := base64.StdEncoding.EncodeToString(caBundle)
	if have, _, _ := unstructured.NestedString(service.Object, "spec", "caBundle"); have == want {
		return false, nil
	}
	patch, err := json.Marshal(map[string]any{
		// Whoever takes it between our look and our write makes the write fail.
		"metadata": map[string]any{"resourceVersion": service.GetResourceVersion()},
		"spec":     map[string]any{"caBundle": want},
	})
	if err != nil {
		return false, fmt.Errorf("encode the patch of APIService %s: %w", r.name, err)
	}
	if _, err := r.services.Patch(ctx, r.name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return false, fmt.Errorf("patch APIService %s: %w", r.name, err)
	}
	return true, nil
}

func (r *Registration) get(ctx context.Context) (*unstructured.Unstructured, error) {
	service, err := r.services.Get(ctx, r.name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read APIService %s: %w", r.name, err)
	}
	return service, nil
}

// leadsTo is the Service that an APIService names; empty for an API that the API server serves itself.
func leadsTo(service *unstructured.Unstructured) types.NamespacedName {
	namespace, _, _ := unstructured.NestedString(service.Object, "spec", "service", "namespace")
	name, _, _ := unstructured.NestedString(service.Object, "spec", "service", "name")
	return types.NamespacedName{Namespace: namespace, Name: name}
}
