package bed

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// authority signs the certificates of one bed. Everything it makes lies in the bed's state and ends with it.
type authority struct {
	layout layout
	cert   *x509.Certificate
	key    crypto.Signer
}

// identity is what a certificate says about its owner.
type identity struct {
	file        string // base name of its .crt and .key
	user, group string
	names       []string // DNS names and IP addresses
}

const lifetime = 7 * 24 * time.Hour

// newAuthority makes a CA (ca.crt), and the key pair that signs service account tokens (sa.key, sa.pub).
func newAuthority(l layout) (*authority, error) {
	if err := os.MkdirAll(l.pki(""), 0o700); err != nil {
		return nil, err
	}
	a := &authority{layout: l}
	template := a.template(pkix.Name{CommonName: "flink-hpa test bed"})
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	data, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(data); err != nil {
		return nil, err
	}
	a.key = key
	if err := writePEM(l.pki("ca.crt"), "CERTIFICATE", data); err != nil {
		return nil, err
	}
	return a, a.writeTokenKeys()
}

func (a *authority) writeTokenKeys() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if err := writeKey(a.layout.pki("sa.key"), key); err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	return writePEM(a.layout.pki("sa.pub"), "PUBLIC KEY", public)
}

// issue writes a certificate that is good for servers and clients.
func (a *authority) issue(id identity) error {
	subject := pkix.Name{CommonName: id.user}
	if id.group != "" {
		subject.Organization = []string{id.group}
	}
	template := a.template(subject)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, name := range id.names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	data, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("certificate of %s: %w", id.user, err)
	}
	if err := writeKey(a.layout.pki(id.file+".key"), key); err != nil {
		return err
	}
	return writePEM(a.layout.pki(id.file+".crt"), "CERTIFICATE", data)
}

func (a *authority) template(subject pkix.Name) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: subject,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(lifetime),
	}
}

// kubeconfig writes a kubeconfig for the identity of that name, and returns its path.
func (a *authority) kubeconfig(file, server string) (string, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters["bed"] = &clientcmdapi.Cluster{Server: server, CertificateAuthority: a.layout.pki("ca.crt")}
	config.AuthInfos[file] = &clientcmdapi.AuthInfo{
		ClientCertificate: a.layout.pki(file + ".crt"), ClientKey: a.layout.pki(file + ".key"),
	}
	config.Contexts["bed"] = &clientcmdapi.Context{Cluster: "bed", AuthInfo: file}
	config.CurrentContext = "bed"
	path := filepath.Join(a.layout.state, file+".kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	data, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "PRIVATE KEY", data)
}

func writePEM(path, kind string, data []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600)
}
