//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What the manifests call the webhook.
const (
	hpaNamespace = "flink-hpa"
	webhookName  = "flink-hpa-webhook"
	webhookPort  = "9443"
)

func TestNoAdmissionIsMissedWhileCertificatesChange(t *testing.T) {
	ask := admissions(t)
	rotateQuickly(t)
	for _, test := range []struct {
		rotate string
		seen   int // most CAs in the bundle on the way
	}{
		{"leaf", 1},
		{"ca", 2},
	} {
		t.Run("a new "+test.rotate, func(t *testing.T) {
			before, err := serving(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			asked := underLoad(t, ask)
			if _, err := cluster.Run(t.Context(), "annotate", "-n", hpaNamespace, "secret/flink-hpa-webhook-tls", "flink-hpa.dev/rotate="+test.rotate); err != nil {
				t.Fatal(err)
			}
			most := 0
			eventually(t, time.Minute, "the change is over", func(ctx context.Context) error {
				now, err := serving(ctx)
				if err != nil {
					t.Errorf("a handshake with what the API server trusts: %v", err)
					return err
				}
				most = max(most, now.authorities)
				if now.leaf == before.leaf || now.authorities != 1 || bytes.Equal(now.bundle, before.bundle) != (test.rotate == "leaf") {
					return fmt.Errorf("%d CAs are trusted; the leaf is another one: %v", now.authorities, now.leaf != before.leaf)
				}
				return nil
			})
			if most != test.seen {
				t.Errorf("at most %d CAs were trusted at a time, want %d", most, test.seen)
			}
			end := asked.Load() + 100
			eventually(t, time.Minute, "the load goes on", func(context.Context) error {
				if n := asked.Load(); n < end {
					return fmt.Errorf("%d of %d admissions", n, end)
				}
				return nil
			})
			t.Logf("%d admissions", asked.Load())
		})
	}
}

// rotateQuickly changes the webhook's Deployment for the test, so that a change of CA takes seconds.
func rotateQuickly(t *testing.T) {
	t.Helper()
	patch := `[{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--tls-rotation-wait=4s"}]`
	if _, err := cluster.Run(t.Context(), "patch", "-n", hpaNamespace, "deployment/"+webhookName, "--type=json", "-p", patch); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if _, err := cluster.Run(ctx, "apply", "-k", cluster.Overlay("default")); err != nil {
			t.Error(err)
		}
		rolledOut(ctx, t)
	})
	rolledOut(t.Context(), t)
}

// rolledOut waits until the webhook's pods are those that its Deployment says.
func rolledOut(ctx context.Context, t *testing.T) {
	t.Helper()
	if _, err := cluster.Run(ctx, "rollout", "status", "-n", hpaNamespace, "deployment/"+webhookName, "--timeout=2m"); err != nil {
		t.Fatal(err)
	}
}

// underLoad asks for admissions until the test ends, which fails when one is not as it should be. It returns how many there
// have been.
func underLoad(t *testing.T, ask func(context.Context) error) *atomic.Int64 {
	t.Helper()
	const workers = 4
	var asked atomic.Int64
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for range workers {
		running.Go(func() {
			for ctx.Err() == nil {
				if err := ask(ctx); err != nil && ctx.Err() == nil {
					t.Errorf("admission %d: %v", asked.Load(), err)
				}
				asked.Add(1)
			}
		})
	}
	t.Cleanup(func() { stop(); running.Wait() })
	return &asked
}

// served is what an API server sees of the webhook's certificates.
type served struct {
	bundle      []byte // in the configuration
	authorities int    // CAs in it
	leaf        string // serial number of the certificate that is served
}

// serving shakes hands with the webhook as an API server would that has just read the configuration.
func serving(ctx context.Context) (served, error) {
	address, trust, bundle, err := reachWebhook(ctx)
	if err != nil {
		return served{}, err
	}
	s := served{bundle: bundle}
	for rest := bundle; ; s.authorities++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
	}
	connection, err := (&tls.Dialer{Config: trust}).DialContext(ctx, "tcp", address)
	if err != nil {
		return served{}, err
	}
	defer connection.Close()
	s.leaf = connection.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	return s, nil
}

// reachWebhook is where the API server finds the webhook, and which CAs it trusts to vouch for it.
func reachWebhook(ctx context.Context) (address string, trust *tls.Config, bundle []byte, err error) {
	configuration, err := cluster.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, "flink-hpa", metav1.GetOptions{})
	if err != nil {
		return "", nil, nil, err
	}
	service, err := cluster.Client.CoreV1().Services(hpaNamespace).Get(ctx, webhookName, metav1.GetOptions{})
	if err != nil {
		return "", nil, nil, err
	}
	bundle = configuration.Webhooks[0].ClientConfig.CABundle
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	trust = &tls.Config{RootCAs: roots, ServerName: webhookName + "." + hpaNamespace + ".svc"}
	return net.JoinHostPort(service.Spec.ExternalName, webhookPort), trust, bundle, nil
}
