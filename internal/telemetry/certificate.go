package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

var errNoCertificate = errors.New("there is no certificate")

// Certificate returns the serving certificate as it is now.
type Certificate func() (*x509.Certificate, error)

// FromTLS takes it from where tls.Config has it from. get must not need a ClientHelloInfo.
func FromTLS(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) Certificate {
	return func() (*x509.Certificate, error) {
		certificate, err := get(nil)
		switch {
		case err != nil:
			return nil, err
		case certificate.Leaf != nil:
			return certificate.Leaf, nil
		case len(certificate.Certificate) == 0:
			return nil, errNoCertificate
		}
		return x509.ParseCertificate(certificate.Certificate[0])
	}
}

// FromPEM takes it from where an API server has it from.
func FromPEM(from interface {
	CurrentCertKeyContent() (cert, key []byte)
}) Certificate {
	return func() (*x509.Certificate, error) {
		data, _ := from.CurrentCertKeyContent()
		block, _ := pem.Decode(data)
		if block == nil {
			return nil, errNoCertificate
		}
		return x509.ParseCertificate(block.Bytes)
	}
}

// expiry is a collector of one gauge.
type expiry struct {
	certificate Certificate
	desc        *prometheus.Desc
}

// CertificateExpiry is flink_hpa_certificate_expiry_timestamp_seconds. It is absent while there is no certificate.
func CertificateExpiry(program string, certificate Certificate) prometheus.Collector {
	return expiry{certificate, prometheus.NewDesc("flink_hpa_certificate_expiry_timestamp_seconds",
		"When the serving certificate expires, as Unix time.", nil, prometheus.Labels{programLabel: program})}
}

// Describe implements prometheus.Collector.
func (e expiry) Describe(descs chan<- *prometheus.Desc) { descs <- e.desc }

// Collect implements prometheus.Collector.
func (e expiry) Collect(metrics chan<- prometheus.Metric) {
	if certificate, err := e.certificate(); err == nil {
		metrics <- prometheus.MustNewConstMetric(e.desc, prometheus.GaugeValue, float64(certificate.NotAfter.Unix()))
	}
}
