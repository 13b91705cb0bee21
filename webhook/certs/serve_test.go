package certs

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes/fake"
	clocktesting "k8s.io/utils/clock/testing"
)

func fakeClock() *clocktesting.FakeClock { return clocktesting.NewFakeClock(start) }

func TestHandshakeVerifiesByTheInjectedBundle(t *testing.T) {
	clock, injected := fakeClock(), new(injections)
	keeper := newKeeper(fake.NewClientset(emptySecret()), clock, injected.inject)
	mustEnsure(t, keeper)
	first := injected.bundles[0]
	for _, c := range []struct {
		name, host string
		after      time.Duration
		ok         bool
	}{
		{"for the Service", "flink-hpa-webhook.flink-hpa.svc", 0, true},
		{"for its name in the cluster's domain", "flink-hpa-webhook.flink-hpa.svc.cluster.local", 0, true},
		{"not for another name", "flink-hpa-adapter.flink-hpa.svc", 0, false},
		{"with the first bundle after the leaf was renewed", "flink-hpa-webhook.flink-hpa.svc", 300 * day, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock.SetTime(start.Add(c.after))
			mustEnsure(t, keeper)
			if err := handshake(keeper, first, c.host, clock.Now); (err == nil) != c.ok {
				t.Errorf("handshake: %v, want success %v", err, c.ok)
			}
		})
	}
}

// handshake connects as the API server does: it trusts bundle alone and asks for host.
func handshake(keeper *Keeper, bundle []byte, host string, now func() time.Time) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	clientSide, serverSide := net.Pipe()
	server := tls.Server(serverSide, &tls.Config{GetCertificate: keeper.GetCertificate, MinVersion: tls.VersionTLS12})
	served := make(chan struct{})
	go func() {
		defer close(served)
		defer serverSide.Close()
		_ = server.Handshake() // the client's verdict is the one that counts
	}()
	err := tls.Client(clientSide, &tls.Config{RootCAs: roots, ServerName: host, Time: now}).Handshake()
	clientSide.Close()
	<-served
	return err
}
