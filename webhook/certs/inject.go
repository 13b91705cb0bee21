package certs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// Injector puts caBundle, PEM, where the API server looks for it. It writes nothing when the bundle is there already, and says
// whether it wrote.
type Injector func(ctx context.Context, caBundle []byte) (written bool, err error)

// All injects by each of injectors, even when one fails.
func All(injectors ...Injector) Injector {
	return func(ctx context.Context, caBundle []byte) (written bool, err error) {
		for _, inject := range injectors {
			wrote, failed := inject(ctx, caBundle)
			written, err = written || wrote, errors.Join(err, failed)
		}
		return written, err
	}
}

// object is a JSON object.
type object = map[string]any

// MutatingWebhookConfiguration injects into clientConfig.caBundle of each webhook of the configuration of that name. It needs get
// and patch on it.
func MutatingWebhookConfiguration(client kubernetes.Interface, name string) Injector {
	configurations := client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	return func(ctx context.Context, caBundle []byte) (bool, error) {
		configuration, err := configurations.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, fmt.Errorf("read MutatingWebhookConfiguration %s: %w", name, err)
		}
		stale := bundlePatch{version: configuration.ResourceVersion, caBundle: caBundle}
		for _, webhook := range configuration.Webhooks {
			stale.add(webhook.Name, webhook.ClientConfig)
		}
		written, err := stale.apply(func(patch []byte) error {
			_, err := configurations.Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		})
		if err != nil {
			return false, fmt.Errorf("patch MutatingWebhookConfiguration %s: %w", name, err)
		}
		return written, nil
	}
}

// ValidatingWebhookConfiguration is MutatingWebhookConfiguration for the other kind.
func ValidatingWebhookConfiguration(client kubernetes.Interface, name string) Injector {
	configurations := client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	return func(ctx context.Context, caBundle []byte) (bool, error) {
		configuration, err := configurations.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, fmt.Errorf("read ValidatingWebhookConfiguration %s: %w", name, err)
		}
		stale := bundlePatch{version: configuration.ResourceVersion, caBundle: caBundle}
		for _, webhook := range configuration.Webhooks {
			stale.add(webhook.Name, webhook.ClientConfig)
		}
		written, err := stale.apply(func(patch []byte) error {
			_, err := configurations.Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		})
		if err != nil {
			return false, fmt.Errorf("patch ValidatingWebhookConfiguration %s: %w", name, err)
		}
		return written, nil
	}
}

// bundlePatch is a strategic merge patch of the webhooks that have another bundle. It touches nothing else, so fields that are newer
// than our types survive.
type bundlePatch struct {
	version  string // of the configuration: it keeps a webhook that was removed since from coming back
	caBundle []byte
	webhooks []object
}

func (p *bundlePatch) add(webhook string, client admissionregistrationv1.WebhookClientConfig) {
	if !bytes.Equal(client.CABundle, p.caBundle) {
		p.webhooks = append(p.webhooks, object{"name": webhook, "clientConfig": object{"caBundle": p.caBundle}})
	}
}

// apply sends the patch, unless there is nothing in it.
func (p *bundlePatch) apply(send func(patch []byte) error) (sent bool, err error) {
	if len(p.webhooks) == 0 {
		return false, nil
	}
	patch, err := json.Marshal(object{"metadata": object{"resourceVersion": p.version}, "webhooks": p.webhooks})
	if err != nil {
		return false, err
	}
	return true, send(patch)
}
