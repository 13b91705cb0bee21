package keda

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
)

func TestWhoMayCall(t *testing.T) {
	r := start(t, &fakeMetrics{value: 1})
	stranger := newAuthority(t, "one") // of the same name
	for _, test := range []struct {
		name         string
		certificates []tls.Certificate
		want         codes.Code
	}{
		{"a client of the CA", []tls.Certificate{r.authority.client(x509.ExtKeyUsageClientAuth)}, codes.OK},
		{"nobody without a certificate", nil, codes.Unavailable},
		{"no client of another CA", []tls.Certificate{stranger.client(x509.ExtKeyUsageClientAuth)}, codes.Unavailable},
		{"no server of the CA", []tls.Certificate{r.authority.client(x509.ExtKeyUsageServerAuth)}, codes.Unavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := r.dial(t, test.certificates...).IsActive(t.Context(), whole())
			wantCode(t, err, test.want)
		})
	}
	t.Run("nobody without TLS", func(t *testing.T) {
		_, err := dialWith(t, r, insecure.NewCredentials()).IsActive(t.Context(), whole())
		wantCode(t, err, codes.Unavailable)
	})
	if asked := r.metrics.times(); asked != 1 {
		t.Errorf("%d questions came through", asked)
	}
}

func TestAnotherCATakesEffectForTheNextConnection(t *testing.T) {
	r := start(t, &fakeMetrics{value: 1})
	next := newAuthority(t, "two")
	before, after := r.authority.client(x509.ExtKeyUsageClientAuth), next.client(x509.ExtKeyUsageClientAuth)
	ask := func(who tls.Certificate, want codes.Code) {
		t.Helper()
		_, err := r.dial(t, who).IsActive(t.Context(), whole())
		wantCode(t, err, want)
	}
	ask(before, codes.OK)
	ask(after, codes.Unavailable)
	write(t, r.opts.Files.ClientCA, append(r.authority.pem, next.pem...))
	ask(before, codes.OK)
	ask(after, codes.OK)
	write(t, r.opts.Files.ClientCA, next.pem)
	ask(before, codes.Unavailable)
	ask(after, codes.OK)
	write(t, r.opts.Files.ClientCA, []byte("half of a fi")) // what was there before stays in use
	ask(before, codes.Unavailable)
	ask(after, codes.OK)
	if err := os.Remove(r.opts.Files.ClientCA); err != nil {
		t.Fatal(err)
	}
	ask(after, codes.OK)
}

func TestAnotherServingCertificateTakesEffectForTheNextConnection(t *testing.T) {
	r := start(t, &fakeMetrics{value: 1})
	before, err := r.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	cert, key := r.authority.issue(x509.ExtKeyUsageServerAuth)
	write(t, r.opts.Files.Cert, cert) // while the key is the other one's
	client := r.authority.client(x509.ExtKeyUsageClientAuth)
	_, err = r.dial(t, client).IsActive(t.Context(), whole())
	wantCode(t, err, codes.OK)
	if now, err := r.Certificate(); err != nil || !now.Equal(before) {
		t.Errorf("a certificate without its key is taken into use: %v", err)
	}
	write(t, r.opts.Files.Key, key)
	_, err = r.dial(t, client).IsActive(t.Context(), whole())
	wantCode(t, err, codes.OK)
	if now, err := r.Certificate(); err != nil || now.Equal(before) {
		t.Errorf("the one before is still in use: %v", err)
	}
}

func TestFilesThatAreNoGood(t *testing.T) {
	authority := newAuthority(t, "one")
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, f *Files)
		says  string
	}{
		{"a certificate that isn't there", func(_ *testing.T, f *Files) { f.Cert = filepath.Join(filepath.Dir(f.Cert), "absent") }, "--keda-cert-file: open "},
		{"an empty key", func(t *testing.T, f *Files) { write(t, f.Key, nil) }, "--keda-key-file: "},
		{"a key of another certificate", func(t *testing.T, f *Files) {
			_, key := authority.issue(x509.ExtKeyUsageServerAuth)
			write(t, f.Key, key)
		}, "--keda-cert-file: "},
		{"a CA that is none", func(t *testing.T, f *Files) { write(t, f.ClientCA, []byte("secret")) }, "no certificate in PEM is in it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := filesOf(t, authority, authority)
			test.spoil(t, &files)
			_, err := Listen(Options{Address: "127.0.0.1:0", Files: files})
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}
