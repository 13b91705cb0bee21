package keda

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority is a CA.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &authority{t: t, key: newKey(t)}
	a.pem = a.sign(template, template, a.key)
	var err error
	if a.cert, err = x509.ParseCertificate(der(a.pem)); err != nil {
		t.Fatal(err)
	}
	return a
}

// issue makes a certificate for one use, and its key.
func (a *authority) issue(use x509.ExtKeyUsage) (cert, key []byte) {
	a.t.Helper()
	owner := newKey(a.t)
	cert = a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, ExtKeyUsage: []x509.ExtKeyUsage{use}, KeyUsage: x509.KeyUsageDigitalSignature,
	}, a.cert, owner)
	bytes, err := x509.MarshalPKCS8PrivateKey(owner)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bytes})
}

// client is a certificate to call with.
func (a *authority) client(use x509.ExtKeyUsage) tls.Certificate {
	a.t.Helper()
	pair, err := tls.X509KeyPair(a.issue(use))
	if err != nil {
		a.t.Fatal(err)
	}
	return pair
}

func (a *authority) sign(template, parent *x509.Certificate, owner *ecdsa.PrivateKey) []byte {
	a.t.Helper()
	data, err := x509.CreateCertificate(rand.Reader, template, parent, owner.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: data})
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func der(data []byte) []byte {
	block, _ := pem.Decode(data)
	return block.Bytes
}

// filesOf writes what a server of the authority needs, whose callers clients has signed.
func filesOf(t *testing.T, server, clients *authority) Files {
	t.Helper()
	folder := t.TempDir()
	files := Files{Cert: filepath.Join(folder, "tls.crt"), Key: filepath.Join(folder, "tls.key"), ClientCA: filepath.Join(folder, "ca.crt")}
	cert, key := server.issue(x509.ExtKeyUsageServerAuth)
	write(t, files.Cert, cert)
	write(t, files.Key, key)
	write(t, files.ClientCA, clients.pem)
	return files
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
