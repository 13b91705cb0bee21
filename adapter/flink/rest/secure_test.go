package rest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// ca is a certificate authority of a test.
type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCA(t *testing.T) ca {
	c := ca{}
	c.cert, c.key = issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, ca{})
	return c
}

// pair is a certificate of the CA for the name, and its key.
func (c ca) pair(t *testing.T, name string) tls.Certificate {
	cert, key := issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}}, c)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (c ca) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.cert)
	return pool
}

// issue signs with the CA's key, or the certificate's own where there is no CA.
func issue(t *testing.T, template *x509.Certificate, by ca) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by.cert == nil {
		by = ca{template, key}
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC)
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// folder holds the files of one test.
type folder struct {
	t    *testing.T
	path string
}

func (f folder) write(name, kind string, der []byte) string {
	f.t.Helper()
	path := filepath.Join(f.path, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

func (f folder) roots(name string, c ca) string { return f.write(name, "CERTIFICATE", c.cert.Raw) }

func (f folder) pair(name string, pair tls.Certificate) (cert, key string) {
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.write(name+".crt", "CERTIFICATE", pair.Certificate[0]), f.write(name+".key", "PRIVATE KEY", der)
}

// newSecureJobManager answers /overview over https.
func newSecureJobManager(t *testing.T, conf *tls.Config) *jobManager {
	j := &jobManager{answers: map[string]string{"/overview": recorded(t, running, "overview")}, connections: map[string]bool{}}
	j.Server = httptest.NewUnstartedServer(j)
	j.Config.ErrorLog = log.New(io.Discard, "", 0)
	j.TLS = conf
	j.StartTLS()
	t.Cleanup(j.Close)
	return j
}

func TestTLS(t *testing.T) {
	servers, clients := newCA(t), newCA(t)
	files := folder{t, t.TempDir()}
	open := newSecureJobManager(t, &tls.Config{Certificates: []tls.Certificate{servers.pair(t, "flink.shop.svc")}})
	mutual := newSecureJobManager(t, &tls.Config{Certificates: []tls.Certificate{servers.pair(t, "flink.shop.svc")},
		ClientCAs: clients.pool(), ClientAuth: tls.RequireAndVerifyClientCert})
	trusting := config.TLS{CAFile: files.roots("ca", servers)}
	known := trusting
	known.CertFile, known.KeyFile = files.pair("client", clients.pair(t, "adapter"))
	tests := []struct {
		name string
		tls  *config.TLS
		to   *jobManager
		as   string
		want string // in the error
	}{
		{"the name in the certificate", &trusting, open, "flink.shop.svc", ""},
		{"another name", &trusting, open, "flink.other.svc", "certificate is valid for flink.shop.svc, not flink.other.svc"},
		{"a certificate of another CA", &config.TLS{CAFile: files.roots("other", clients)}, open, "flink.shop.svc", "unknown authority"},
		{"one that the system's roots don't know", &config.TLS{}, open, "flink.shop.svc", "unknown authority"},
		{"the same without settings", nil, open, "flink.shop.svc", "unknown authority"},
		{"a client with a certificate", &known, mutual, "flink.shop.svc", ""},
		{"one without", &trusting, mutual, "flink.shop.svc", "certificate required"},
		{"http where https is spoken", &trusting, open, "", "status 400 Bad Request"},
		{"a CA's file that isn't there", &config.TLS{CAFile: "/no/such/file"}, open, "flink.shop.svc", "flink.tls.caFile: open /no/such/file: no such file or directory"},
		{"a CA's file that holds something else", &config.TLS{CAFile: known.KeyFile}, open, "flink.shop.svc",
			"flink.tls.caFile: " + known.KeyFile + ": no certificate in PEM is in it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := New(Options{TLS: test.tls}).Overview(t.Context(), Target{Address: test.to.Listener.Addr().String(), TLSName: test.as})
			if test.want == "" && (err != nil || got.TaskManagers != 3) {
				t.Errorf("got %+v, %v", got, err)
			}
			if test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "GET /overview: ") || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestFilesThatChangeAreTakenUp(t *testing.T) {
	old, renewed := newCA(t), newCA(t)
	files := folder{t, t.TempDir()}
	clock := clocktesting.NewFakePassiveClock(time.Unix(1e9, 0))
	client := New(Options{TLS: &config.TLS{CAFile: files.roots("ca", old)}, Clock: clock})
	before := newSecureJobManager(t, &tls.Config{Certificates: []tls.Certificate{old.pair(t, "flink")}})
	after := newSecureJobManager(t, &tls.Config{Certificates: []tls.Certificate{renewed.pair(t, "flink")}})
	trusted := func(j *jobManager) bool {
		_, err := client.Overview(t.Context(), Target{Address: j.Listener.Addr().String(), TLSName: "flink"})
		return err == nil
	}
	later := func(d time.Duration) { clock.SetTime(clock.Now().Add(d)) }

	if !trusted(before) || trusted(after) {
		t.Fatal("the first CA is not the one that counts")
	}
	later(rereadAfter)
	if !trusted(before) || len(before.connections) != 1 {
		t.Errorf("%d connections while nothing changed", len(before.connections))
	}
	files.roots("ca", renewed)
	later(rereadAfter - 1)
	if !trusted(before) {
		t.Error("files are read for each GET")
	}
	later(1)
	if trusted(before) || !trusted(after) {
		t.Error("the new CA doesn't count, or a connection outlives the old one")
	}
	path := files.write("ca", "CERTIFICATE", nil)
	later(rereadAfter)
	if trusted(after) {
		t.Error("a file that can't be used doesn't matter")
	}
	files.roots("ca", renewed)
	if !trusted(after) {
		t.Errorf("%s is right again, and is not read at once", path)
	}
}

func TestConnectionsAreForOneName(t *testing.T) {
	authority := newCA(t)
	files := folder{t, t.TempDir()}
	clock := clocktesting.NewFakePassiveClock(time.Unix(1e9, 0))
	client := New(Options{TLS: &config.TLS{CAFile: files.roots("ca", authority)}, Clock: clock})
	j := newSecureJobManager(t, &tls.Config{Certificates: []tls.Certificate{authority.pair(t, "flink")}})
	target := Target{Address: j.Listener.Addr().String(), TLSName: "flink"}
	if _, err := client.Overview(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	target.TLSName = "other"
	if _, err := client.Overview(t.Context(), target); err == nil {
		t.Error("a connection that was verified for one name serves another")
	}
	clock.SetTime(clock.Now().Add(forgetAfter + 1))
	target.TLSName = "flink"
	if _, err := client.Overview(t.Context(), target); err != nil || len(client.secure.clients) != 1 {
		t.Errorf("%d clients are kept for names that nobody asks for (%v)", len(client.secure.clients), err)
	}
}

func TestAClientServesManyAtOnce(t *testing.T) {
	authority := newCA(t)
	files := folder{t, t.TempDir()}
	clock := clocktesting.NewFakePassiveClock(time.Unix(1e9, 0))
	client := New(Options{TLS: &config.TLS{CAFile: files.roots("ca", authority)}, Clock: clock})
	j := newSecureJobManager(t, &tls.Config{Certificates: []tls.Certificate{authority.pair(t, "flink")}})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			clock.SetTime(clock.Now().Add(rereadAfter))
			if _, err := client.Overview(t.Context(), Target{Address: j.Listener.Addr().String(), TLSName: "flink"}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
