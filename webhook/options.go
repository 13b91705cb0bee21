package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/internal/namespaces"
	"github.com/flink-hpa/flink-hpa/webhook/certs"
)

// Options of the program.
type Options struct {
	BindAddress string
	Port        string
	Profiles    string // file; empty for the built-in profiles
	Namespace   string // of the program itself
	// Namespaces are those whose pods are watched; none: all. Which pods are admitted is up to the webhook configurations.
	Namespaces []string
	// ShutdownDelay is how long admissions are answered after the signal to end, while API servers learn that there are others to ask.
	ShutdownDelay time.Duration

	// Where the serving certificate is kept: in this Secret of Namespace, made for Service, and trusted through the
	// MutatingWebhookConfiguration and the ValidatingWebhookConfiguration of that name.
	Secret, Service, Configuration string
	// Overlap is how long each step of a change of CA lasts; see certs.Options.
	Overlap time.Duration
	// Or, without Secret: in these files, which somebody else renews.
	CertFile, KeyFile string
}

// certificate makes sure of the serving certificate. keeper, whose Run keeps it fresh, is nil where somebody else does.
func (o Options) certificate(ctx context.Context, client kubernetes.Interface) (get GetCertificate, keeper *certs.Keeper, err error) {
	switch {
	case o.Secret == "" && (o.CertFile == "" || o.KeyFile == ""):
		return nil, nil, errors.New("no serving certificate: give --tls-secret, or --tls-cert-file and --tls-private-key-file")
	case o.Secret == "":
		return o.fromFiles, nil, nil
	case o.CertFile != "" || o.KeyFile != "":
		return nil, nil, errors.New("--tls-secret and --tls-cert-file exclude each other: set one")
	case o.Namespace == "" || o.Service == "" || o.Configuration == "":
		return nil, nil, errors.New("--tls-secret needs --namespace, --tls-service and --webhook-configuration")
	}
	keeper = certs.New(client,
		certs.Options{Namespace: o.Namespace, Secret: o.Secret, Service: o.Service, Overlap: o.Overlap, Clock: clock.RealClock{}},
		certs.All(certs.MutatingWebhookConfiguration(client, o.Configuration), certs.ValidatingWebhookConfiguration(client, o.Configuration)))
	if err := keeper.Ensure(ctx); err != nil {
		return nil, nil, fmt.Errorf("prepare the serving certificate: %w", err)
	}
	return keeper.GetCertificate, keeper, nil
}

// complete checks what the flags say.
func (o *Options) complete() error {
	if o.ShutdownDelay < 0 {
		return fmt.Errorf("--shutdown-delay-duration=%s: must not be negative", o.ShutdownDelay)
	}
	var err error
	o.Namespaces, err = namespaces.Given(o.Namespaces)
	return err
}

// fromFiles reads the certificate for each connection, so that a renewed one is served without a restart. The API server keeps its
// connections, so that is seldom.
func (o Options) fromFiles(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	certificate, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("load the serving certificate: %w", err)
	}
	return &certificate, nil
}
