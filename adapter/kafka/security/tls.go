package security

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/IBM/sarama"
)

func (s *Source) makeTLS(conf *sarama.Config, m material) error {
	if s.tls == nil {
		return nil
	}
	made := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.tls.ServerName} // without a name sarama takes the broker's host
	if s.tls.CAFile != "" {
		roots, err := roots("tls.caFile", s.tls.CAFile, m.ca)
		if err != nil {
			return err
		}
		made.RootCAs = roots
	}
	if s.tls.CertFile != "" {
		pair, err := tls.X509KeyPair([]byte(m.cert), []byte(m.key))
		if err != nil {
			return fmt.Errorf("tls.certFile: %s with tls.keyFile: %s: %w", s.tls.CertFile, s.tls.KeyFile, err)
		}
		made.Certificates = []tls.Certificate{pair}
	}
	conf.Net.TLS.Enable, conf.Net.TLS.Config = true, made
	return nil
}

func roots(field, path, pem string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, fmt.Errorf("%s: %s: no certificate in PEM is in it", field, path)
	}
	return pool, nil
}
