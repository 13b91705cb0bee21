package certs

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// object is a JSON object.
type object = map[string]any

// APIService injects into spec.caBundle of the APIService of that name. It needs get and patch on it.
func APIService(client dynamic.Interface, name string) Injector {
	services := client.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"})
	return func(ctx context.Context, caBundle []byte) error {
		service, err := services.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read APIService %s: %w", name, err)
		}
		want := base64.StdEncoding.EncodeToString(caBundle)
		if have, _, _ := unstructured.NestedString(service.Object, "spec", "caBundle"); have == want {
			return nil
		}
		patch, err := json.Marshal(object{"spec": object{"caBundle": want}})
		if err != nil {
			return fmt.Errorf("encode the patch of APIService %s: %w", name, err)
		}
		if _, err := services.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("patch APIService %s: %w", name, err)
		}
		return nil
	}
}

// MutatingWebhookConfiguration injects into clientConfig.caBundle of each webhook of the configuration of that name. It needs get
// and patch on it. The patch touches nothing else, so fields that are newer than our types survive.
func MutatingWebhookConfiguration(client kubernetes.Interface, name string) Injector {
	configurations := client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	return func(ctx context.Context, caBundle []byte) error {
		configuration, err := configurations.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read MutatingWebhookConfiguration %s: %w", name, err)
		}
		stale := withoutBundle(configuration.Webhooks, caBundle)
		if len(stale) == 0 {
			return nil
		}
		patch, err := json.Marshal(object{
			// The version keeps a webhook that was removed since from coming back.
			"metadata": object{"resourceVersion": configuration.ResourceVersion},
			"webhooks": stale,
		})
		if err != nil {
			return fmt.Errorf("encode the patch of MutatingWebhookConfiguration %s: %w", name, err)
		}
		if _, err := configurations.Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("patch MutatingWebhookConfiguration %s: %w", name, err)
		}
		return nil
	}
}

// withoutBundle is a strategic merge patch of the webhooks that have another bundle.
func withoutBundle(webhooks []admissionregistrationv1.MutatingWebhook, caBundle []byte) []object {
	var stale []object
	for _, webhook := range webhooks {
		if !bytes.Equal(webhook.ClientConfig.CABundle, caBundle) {
			stale = append(stale, object{"name": webhook.Name, "clientConfig": object{"caBundle": caBundle}})
		}
	}
	return stale
}
