package certs

import (
	"context"
	"errors"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// writes counts the actions that are no reads.
func writes(actions []clienttesting.Action) (n int) {
	for _, action := range actions {
		if action.GetVerb() != "get" {
			n++
		}
	}
	return n
}

func TestEachWebhookGetsTheBundle(t *testing.T) {
	const name = "flink-hpa"
	url := "https://127.0.0.1:9443/mutate"
	fresh, stale := admissionregistrationv1.WebhookClientConfig{URL: &url}, admissionregistrationv1.WebhookClientConfig{CABundle: []byte("old")}
	client := fake.NewClientset(
		&admissionregistrationv1.MutatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Webhooks:   []admissionregistrationv1.MutatingWebhook{{Name: "a.flink-hpa.dev", ClientConfig: fresh}, {Name: "b.flink-hpa.dev", ClientConfig: stale}},
		},
		&admissionregistrationv1.ValidatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Webhooks:   []admissionregistrationv1.ValidatingWebhook{{Name: "a.flink-hpa.dev", ClientConfig: fresh}, {Name: "b.flink-hpa.dev", ClientConfig: stale}},
		})
	for _, c := range []struct {
		kind   string
		inject func(kubernetes.Interface, string) Injector
		read   func() []admissionregistrationv1.WebhookClientConfig
	}{
		{"MutatingWebhookConfiguration", MutatingWebhookConfiguration, func() (clients []admissionregistrationv1.WebhookClientConfig) {
			got, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, webhook := range got.Webhooks {
				clients = append(clients, webhook.ClientConfig)
			}
			return clients
		}},
		{"ValidatingWebhookConfiguration", ValidatingWebhookConfiguration, func() (clients []admissionregistrationv1.WebhookClientConfig) {
			got, err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, webhook := range got.Webhooks {
				clients = append(clients, webhook.ClientConfig)
			}
			return clients
		}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			before := writes(client.Actions())
			for _, first := range []bool{true, false} {
				written, err := c.inject(client, name)(t.Context(), []byte("bundle"))
				if err != nil || written != first {
					t.Fatalf("written: %t, %v; want %t", written, err, first)
				}
				clients := c.read()
				if len(clients) != 2 || clients[0].URL == nil {
					t.Fatalf("a webhook or its url is lost: %+v", clients)
				}
				for _, client := range clients {
					if string(client.CABundle) != "bundle" {
						t.Errorf("a webhook has bundle %q", client.CABundle)
					}
				}
				if n := writes(client.Actions()) - before; n != 1 {
					t.Errorf("%d writes, want 1", n)
				}
			}
			if _, err := c.inject(client, "missing")(t.Context(), nil); err == nil || !strings.Contains(err.Error(), c.kind+" missing") {
				t.Errorf("a missing one: %v", err)
			}
		})
	}
}

func TestAllInjectsEverywhereInSpiteOfAFailure(t *testing.T) {
	failed, calls := errors.New("forbidden"), 0
	one := func(written bool, err error) Injector {
		return func(context.Context, []byte) (bool, error) { calls++; return written, err }
	}
	for _, c := range []struct {
		name      string
		injectors []Injector
		written   bool
		err       error
	}{
		{"none has written", []Injector{one(false, nil), one(false, nil)}, false, nil},
		{"one has written", []Injector{one(true, nil), one(false, nil)}, true, nil},
		{"the first fails", []Injector{one(false, failed), one(true, nil)}, true, failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls = 0
			written, err := All(c.injectors...)(t.Context(), nil)
			if written != c.written || !errors.Is(err, c.err) || calls != 2 {
				t.Errorf("got %t, %v after %d calls", written, err, calls)
			}
		})
	}
}

func TestAnInjectionThatFailsIsAnErrorOfEnsure(t *testing.T) {
	failed := errors.New("forbidden")
	keeper := newKeeper(fake.NewClientset(emptySecret()), nil, nil)
	keeper.opts.Clock = fakeClock()
	keeper.inject = func(context.Context, []byte) (bool, error) { return false, failed }
	if err := keeper.Ensure(t.Context()); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if _, err := keeper.GetCertificate(nil); err != nil {
		t.Errorf("the certificate itself is good, and should be served: %v", err)
	}
}
