package security

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

var testTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ca is a certificate authority of a test.
type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newCA(t testing.TB) ca {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: testTime.AddDate(-10, 0, 0), NotAfter: testTime.AddDate(100, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return ca{cert, key, block("CERTIFICATE", der)}
}

// issue returns a certificate for the name and its key, in PEM.
func (c ca) issue(t testing.TB, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: c.cert.NotBefore, NotAfter: c.cert.NotAfter}
	der, err := x509.CreateCertificate(rand.Reader, template, c.cert, private.Public(), c.key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", pkcs8)
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestTLS(t *testing.T) {
	brokers, clients := newCA(t), newCA(t)
	cert, key := brokers.issue(t, "kafka.example")
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	clientRoots := x509.NewCertPool()
	clientRoots.AddCert(clients.cert)
	broker := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: clientRoots, ClientAuth: tls.RequireAndVerifyClientCert}

	files := newFolder(t)
	clientCert, clientKey := clients.issue(t, "adapter")
	caFile, certFile, keyFile := files.write("ca", brokers.pem), files.write("cert", clientCert), files.write("key", clientKey)
	otherCA := files.write("other", clients.pem)
	tests := []struct {
		name string
		tls  config.TLS
		host string // under which sarama reaches the broker
		want string
	}{
		{"a broker under the name in its certificate", config.TLS{CAFile: caFile, CertFile: certFile, KeyFile: keyFile}, "kafka.example", ""},
		{"a broker under another name", config.TLS{CAFile: caFile, CertFile: certFile, KeyFile: keyFile}, "10.0.0.1", "10.0.0.1"},
		{"the same, with the name of its certificate set", config.TLS{CAFile: caFile, CertFile: certFile, KeyFile: keyFile, ServerName: "kafka.example"}, "", ""},
		{"a broker of another CA", config.TLS{CAFile: otherCA, CertFile: certFile, KeyFile: keyFile}, "kafka.example", "unknown authority"},
		{"a broker that the system's roots don't know", config.TLS{CertFile: certFile, KeyFile: keyFile}, "kafka.example", "unknown authority"},
		{"no client certificate", config.TLS{CAFile: caFile}, "kafka.example", "certificate required"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conf, _ := mustApply(t, New(&test.tls, nil))
			made := conf.Net.TLS.Config.Clone()
			if made.ServerName == "" {
				made.ServerName = test.host // as sarama does
			}
			err := shake(t, broker, made)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// shake connects both and has one byte go to the client: only with that one it knows that its certificate was taken.
func shake(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = conn.Write([]byte{1})
			_ = conn.Close()
		}
	}()
	plain, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	_, err = tls.Client(plain, client).Read(make([]byte, 1))
	return err
}
