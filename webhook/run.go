package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/webhook/certs"
)

// Options of the program.
type Options struct {
	BindAddress string
	Port        string

	// Where the serving certificate is kept: in this Secret of Namespace, made for Service, and trusted through the
	// MutatingWebhookConfiguration of that name.
	Namespace, Secret, Service, Configuration string
	// Or, without Secret: in these files, which somebody else renews.
	CertFile, KeyFile string
}

// Run serves until ctx ends.
func Run(ctx context.Context, opts Options) error {
	certificate := opts.fromFiles
	switch {
	case opts.Secret != "":
		keeper, err := opts.keeper()
		if err != nil {
			return err
		}
		if err := keeper.Ensure(ctx); err != nil {
			return fmt.Errorf("prepare the serving certificate: %w", err)
		}
		var done sync.WaitGroup
		defer done.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		done.Go(func() { keeper.Run(ctx) })
		certificate = keeper.GetCertificate
	case opts.CertFile == "" || opts.KeyFile == "":
		return errors.New("no serving certificate: give --tls-secret, or --tls-cert-file and --tls-private-key-file")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(opts.BindAddress, opts.Port))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	klog.FromContext(ctx).Info("Serving", "address", listener.Addr())
	return Serve(ctx, listener, Handler(), certificate)
}

func (o Options) keeper() (*certs.Keeper, error) {
	if o.Namespace == "" || o.Service == "" || o.Configuration == "" {
		return nil, errors.New("--tls-secret needs --namespace, --tls-service and --webhook-configuration")
	}
	// KUBECONFIG where it is set, else the pod's service account.
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the API server: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	certOptions := certs.Options{Namespace: o.Namespace, Secret: o.Secret, Service: o.Service, Clock: clock.RealClock{}}
	return certs.New(client, certOptions, certs.MutatingWebhookConfiguration(client, o.Configuration)), nil
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
