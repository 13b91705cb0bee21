// Package tlsfile makes a client's TLS settings of files that may be renewed at any time: read them again, compare, and make
// new settings when something else stands in them.
package tlsfile

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// ErrEmpty is in the error of a file without content.
var ErrEmpty = errors.New("the file is empty")

// Files is what stands in the files of a config.TLS. The same content makes the same settings.
type Files struct{ CA, Cert, Key string }

// Read reads the files; nil stands for settings without any. The error names the field, as tls.caFile, and the file, never
// its content.
func Read(t *config.TLS) (Files, error) {
	if t == nil {
		return Files{}, nil
	}
	var f Files
	for _, file := range []struct {
		field, path string
		into        *string
	}{{"tls.caFile", t.CAFile, &f.CA}, {"tls.certFile", t.CertFile, &f.Cert}, {"tls.keyFile", t.KeyFile, &f.Key}} {
		var err error
		if *file.into, err = Content(file.field, file.path); err != nil {
			return Files{}, err
		}
	}
	return f, nil
}

// Content is what stands in a file, which mustn't be empty. No path means no content.
func Content(field, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err == nil && len(data) == 0 {
		err = fmt.Errorf("%s: %w", path, ErrEmpty)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	return string(data), nil
}

// Config makes a client's settings of what was read for t. Without roots they trust the system's.
func (f Files) Config(t *config.TLS) (*tls.Config, error) {
	made := &tls.Config{MinVersion: tls.VersionTLS12}
	if t == nil {
		return made, nil
	}
	made.ServerName = t.ServerName
	if t.CAFile != "" {
		roots, err := Roots("tls.caFile", t.CAFile, f.CA)
		if err != nil {
			return nil, err
		}
		made.RootCAs = roots
	}
	if t.CertFile != "" {
		pair, err := tls.X509KeyPair([]byte(f.Cert), []byte(f.Key))
		if err != nil {
			return nil, fmt.Errorf("tls.certFile: %s with tls.keyFile: %s: %w", t.CertFile, t.KeyFile, err)
		}
		made.Certificates = []tls.Certificate{pair}
	}
	return made, nil
}

// Roots are the certificates in what stands in a file.
func Roots(field, path, pem string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, fmt.Errorf("%s: %s: no certificate in PEM is in it", field, path)
	}
	return pool, nil
}
