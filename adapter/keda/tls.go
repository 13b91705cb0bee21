package keda

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync"

	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/adapter/tlsfile"
)

// Files are paths of files in PEM, which may be renewed at any time. All are required.
type Files struct {
	Cert, Key string // of the server
	ClientCA  string // what signs the certificates of those who may call
}

// content is what stands in Files.
type content struct{ cert, key, clientCA string }

// identity makes TLS settings of files, anew for a connection after they have changed. Content that is no good is logged and not
// used; what was there before is.
type identity struct {
	files Files

	mu     sync.Mutex
	inUse  content
	config *tls.Config
	failed string // why the newest look found nothing to use; empty when it did
}

// newIdentity reads the files; what is wrong with them is an error, which names the flag and the file.
func newIdentity(files Files) (*identity, error) {
	i := &identity{files: files}
	return i, i.look()
}

// look takes into use what stands in the files.
func (i *identity) look() error {
	now, err := i.files.read()
	if err != nil || i.config != nil && now == i.inUse {
		return err
	}
	pair, err := tls.X509KeyPair([]byte(now.cert), []byte(now.key))
	if err != nil {
		return fmt.Errorf("%s: %s with %s: %s: %w", certFlag, i.files.Cert, keyFlag, i.files.Key, err)
	}
	clients, err := tlsfile.Roots(clientCAFlag, i.files.ClientCA, now.clientCA)
	if err != nil {
		return err
	}
	i.inUse, i.config = now, &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
		// A session that is resumed would outlast the CA that its certificate was of.
		SessionTicketsDisabled: true,
	}
	return nil
}

// configFor is a tls.Config.GetConfigForClient.
func (i *identity) configFor(*tls.ClientHelloInfo) (*tls.Config, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	said := ""
	if err := i.look(); err != nil {
		said = err.Error()
		if said != i.failed {
			klog.Background().Error(err, "KEDA's certificates are not changed; those of before stay in use")
		}
	}
	i.failed = said
	return i.config, nil
}

// leaf is the serving certificate in use.
func (i *identity) leaf() (*x509.Certificate, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.config.Certificates[0].Leaf, nil
}

const (
	certFlag     = "--keda-cert-file"
	keyFlag      = "--keda-key-file"
	clientCAFlag = "--keda-client-ca-file"
)

func (f Files) read() (content, error) {
	var c content
	for _, file := range []struct {
		flag, path string
		into       *string
	}{{certFlag, f.Cert, &c.cert}, {keyFlag, f.Key, &c.key}, {clientCAFlag, f.ClientCA, &c.clientCA}} {
		var err error
		if *file.into, err = tlsfile.Content(file.flag, file.path); err != nil {
			return content{}, err
		}
	}
	return c, nil
}
