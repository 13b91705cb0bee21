package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"

	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const (
	day      = 24 * time.Hour
	caLife   = 3650 * day
	leafLife = 365 * day
	// skew is how far back a certificate starts, so that a client whose clock is behind takes it too.
	skew = time.Hour
)

// pair is a certificate and its private key: parsed, and as the PEM that the Secret holds.
type pair struct {
	tls.Certificate
	certPEM, keyPEM []byte
}

func parsePair(certPEM, keyPEM []byte) (pair, error) {
	parsed, err := tls.X509KeyPair(certPEM, keyPEM)
	return pair{Certificate: parsed, certPEM: certPEM, keyPEM: keyPEM}, err
}

func newCA(names []string, now time.Time) (pair, error) {
	return sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "flink-hpa CA of " + names[0]},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(caLife),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}, nil)
}

// newLeaf is a serving certificate for names, the first of which is its common name. It never outlives ca.
func newLeaf(ca pair, names []string, now time.Time) (pair, error) {
	end := now.Add(leafLife)
	if end.After(ca.Leaf.NotAfter) {
		end = ca.Leaf.NotAfter
	}
	return sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: names[0]},
		DNSNames:              names,
		NotBefore:             now.Add(-skew),
		NotAfter:              end,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}, &ca)
}

// sign makes a new key and a certificate for it, signed by issuer, or by the new key itself when issuer is nil.
func sign(template *x509.Certificate, issuer *pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("make a key: %w", err)
	}
	parent, signer := template, crypto.PrivateKey(key)
	if issuer != nil {
		parent, signer = issuer.Leaf, issuer.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return pair{}, fmt.Errorf("sign the certificate of %s: %w", template.Subject.CommonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return pair{}, fmt.Errorf("parse the certificate of %s: %w", template.Subject.CommonName, err)
	}
	certPEM, err := certutil.EncodeCertificates(cert)
	if err != nil {
		return pair{}, fmt.Errorf("encode the certificate of %s: %w", template.Subject.CommonName, err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return pair{}, fmt.Errorf("encode the key of %s: %w", template.Subject.CommonName, err)
	}
	return parsePair(certPEM, keyPEM)
}

// checkLeaf says whether leaf is one that ca signed for names. Its dates are another matter: see due.
func checkLeaf(leaf, ca pair, names []string) error {
	if err := leaf.Leaf.CheckSignatureFrom(ca.Leaf); err != nil {
		return fmt.Errorf("tls.crt is not signed by ca.crt: %w", err)
	}
	for _, name := range names {
		if err := leaf.Leaf.VerifyHostname(name); err != nil {
			return fmt.Errorf("tls.crt is for another Service: %w", err)
		}
	}
	return nil
}

// due says whether no more than a third of the certificate's life is left.
func due(certificate pair, now time.Time) bool {
	end := certificate.Leaf.NotAfter
	life := end.Sub(certificate.Leaf.NotBefore)
	return !now.Before(end.Add(-life / 3))
}
