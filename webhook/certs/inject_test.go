package certs

import (
	"context"
	"errors"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

var apiServices = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}

// writes counts the actions that are no reads.
func writes(actions []clienttesting.Action) (n int) {
	for _, action := range actions {
		if action.GetVerb() != "get" {
			n++
		}
	}
	return n
}

func TestAPIServiceGetsTheBundle(t *testing.T) {
	const name = "v1beta1.external.metrics.k8s.io"
	client := dynamicfake.NewSimpleDynamicClient(runtime.NewScheme(), &unstructured.Unstructured{Object: object{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": object{"name": name},
		"spec":     object{"group": "external.metrics.k8s.io", "futureField": "kept"},
	}})
	inject := APIService(client, name)
	check := func(step string, wantWrites int) {
		t.Helper()
		if err := inject(t.Context(), []byte("bundle")); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		got, err := client.Resource(apiServices).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		spec := got.Object["spec"].(object)
		if spec["caBundle"] != "YnVuZGxl" || spec["futureField"] != "kept" {
			t.Errorf("%s: spec is %v", step, spec)
		}
		if n := writes(client.Actions()); n != wantWrites {
			t.Errorf("%s: %d writes, want %d", step, n, wantWrites)
		}
	}
	check("first", 1)
	check("unchanged", 1)
	taken := []byte(`{"spec":{"caBundle":null}}`)
	if _, err := client.Resource(apiServices).Patch(t.Context(), name, "application/merge-patch+json", taken, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	check("after somebody took it away", 3)

	err := APIService(client, "missing")(t.Context(), []byte("bundle"))
	if err == nil || !strings.Contains(err.Error(), "APIService missing") {
		t.Errorf("a missing APIService: %v", err)
	}
}

func TestEachWebhookGetsTheBundle(t *testing.T) {
	const name = "flink-hpa"
	url := "https://127.0.0.1:9443/mutate"
	client := fake.NewClientset(&admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks: []admissionregistrationv1.MutatingWebhook{
			{Name: "pods.flink-hpa.dev", ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: &url}},
			{Name: "namespaces.flink-hpa.dev", ClientConfig: admissionregistrationv1.WebhookClientConfig{CABundle: []byte("old")}},
		},
	})
	inject := MutatingWebhookConfiguration(client, name)
	for _, step := range []string{"first", "unchanged"} {
		if err := inject(t.Context(), []byte("bundle")); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		got, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Webhooks) != 2 {
			t.Fatalf("%s: %d webhooks, want 2", step, len(got.Webhooks))
		}
		for _, webhook := range got.Webhooks {
			if string(webhook.ClientConfig.CABundle) != "bundle" {
				t.Errorf("%s: %s has bundle %q", step, webhook.Name, webhook.ClientConfig.CABundle)
			}
		}
		if got.Webhooks[0].ClientConfig.URL == nil {
			t.Errorf("%s: the url is lost", step)
		}
		if n := writes(client.Actions()); n != 1 {
			t.Errorf("%s: %d writes, want 1", step, n)
		}
	}
	err := MutatingWebhookConfiguration(client, "missing")(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "MutatingWebhookConfiguration missing") {
		t.Errorf("a missing configuration: %v", err)
	}
}

func TestAnInjectionThatFailsIsAnErrorOfEnsure(t *testing.T) {
	failed := errors.New("forbidden")
	keeper := newKeeper(fake.NewClientset(emptySecret()), nil, nil)
	keeper.opts.Clock = fakeClock()
	keeper.inject = func(context.Context, []byte) error { return failed }
	if err := keeper.Ensure(t.Context()); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if _, err := keeper.GetCertificate(nil); err != nil {
		t.Errorf("the certificate itself is good, and should be served: %v", err)
	}
}
