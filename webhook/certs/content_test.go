package certs

import (
	"maps"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes/fake"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestContentThatIsNotOursIsAnError(t *testing.T) {
	filled := fake.NewClientset(emptySecret())
	mustEnsure(t, newKeeper(filled, clocktesting.NewFakeClock(start), new(injections).inject))
	good := secretData(t, filled)
	foreign, err := newCA([]string{"foreign"}, start)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		spoil func(map[string][]byte)
		want  string
	}{
		{"a CA that is no PEM", func(d map[string][]byte) { d["ca.crt"] = []byte("x") }, "ca.crt and ca.key"},
		{"a CA without its key", func(d map[string][]byte) { delete(d, "ca.key") }, "ca.crt and ca.key"},
		{"a CA with the key of another", func(d map[string][]byte) { d["ca.key"] = foreign.keyPEM }, "ca.crt and ca.key"},
		{"only a leaf, as cert-manager without ca.key", func(d map[string][]byte) { delete(d, "ca.crt"); delete(d, "ca.key") }, "ca.crt and ca.key"},
		{"no leaf", func(d map[string][]byte) { delete(d, "tls.crt"); delete(d, "tls.key") }, "tls.crt and tls.key"},
		{"a leaf of another CA", func(d map[string][]byte) { d["ca.crt"], d["ca.key"] = foreign.certPEM, foreign.keyPEM }, "not signed by ca.crt"},
		{"a leaf in the CA's place", func(d map[string][]byte) { d["ca.crt"], d["ca.key"] = d["tls.crt"], d["tls.key"] }, "not a CA"},
		{"a next CA without its key", func(d map[string][]byte) { d["ca-next.crt"] = foreign.certPEM }, "ca-next.crt and ca-next.key"},
		{"a leaf in the next CA's place", func(d map[string][]byte) { d["ca-next.crt"], d["ca-next.key"] = d["tls.crt"], d["tls.key"] }, "not a CA"},
		{"a previous CA that is no PEM", func(d map[string][]byte) { d["ca-previous.crt"] = []byte("x") }, "ca-previous.crt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			spoilt := emptySecret()
			spoilt.Data = maps.Clone(good)
			c.spoil(spoilt.Data)
			client, injected := fake.NewClientset(spoilt), new(injections)
			err := newKeeper(client, clocktesting.NewFakeClock(start), injected.inject).Ensure(t.Context())
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range []string{c.want, "Secret flink-hpa/flink-hpa-webhook-tls", "delete its data"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
			if count(client, "update") != 0 || len(injected.bundles) != 0 {
				t.Error("wrote in spite of the error")
			}
		})
	}
	t.Run("the certificate of another Service", func(t *testing.T) {
		keeper := New(filled, Options{Namespace: namespace, Secret: secret, Service: "other", Clock: clocktesting.NewFakeClock(start)}, new(injections).inject)
		if err := keeper.Ensure(t.Context()); err == nil || !strings.Contains(err.Error(), "another Service") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no Secret at all", func(t *testing.T) {
		err := newKeeper(fake.NewClientset(), clocktesting.NewFakeClock(start), new(injections).inject).Ensure(t.Context())
		if !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), secret) {
			t.Errorf("got %v", err)
		}
	})
}
