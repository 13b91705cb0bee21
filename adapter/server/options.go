package server

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"

	"github.com/flink-hpa/flink-hpa/adapter/keda"
	"github.com/flink-hpa/flink-hpa/internal/namespaces"
)

// Options are what the command line sets. The library's own flags (serving, delegated authentication and authorization,
// audit, features) come with them.
type Options struct {
	Config     string   // path of the configuration
	Namespace  string   // of our own pods, Secret and Service
	Service    string   // name of the Service that leads to us; empty: none is known
	PodLabels  string   // selector of our own pods; empty: there is one replica
	APIService string   // name of the APIService that leads to the Service; empty: none does
	TLSSecret  string   // name of the Secret with the serving certificate; empty: the library's --tls-cert-file and --cert-dir
	Namespaces []string // that are served; none: all

	KEDA      string     // host:port on which KEDA is answered; empty: it isn't
	KEDAFiles keda.Files // for that

	// ShutdownDelay is how long requests are answered after the signal to end, while their senders learn that there are others to ask.
	ShutdownDelay time.Duration

	base cmd.AdapterBase
}

// NewOptions returns the defaults and adds the flags that change them.
func NewOptions(flags *pflag.FlagSet) *Options {
	o := &Options{Config: "/etc/flink-hpa/config.yaml", APIService: "v1beta1.external.metrics.k8s.io", ShutdownDelay: 10 * time.Second}
	o.base.Name = "flink-hpa-adapter"
	o.base.FlagSet = flags
	o.base.InstallFlags()
	flags.StringVar(&o.Config, "config", o.Config, "File with the configuration (YAML).")
	flags.StringVar(&o.Namespace, "namespace", o.Namespace, "Namespace of the adapter's own pods, Secret and Service.")
	flags.StringVar(&o.Service, "service", o.Service, "Service in --namespace that leads to the adapter. It tells when --apiservice leads elsewhere.")
	flags.StringVar(&o.PodLabels, "pod-labels", o.PodLabels, "Label selector of the adapter's own pods in --namespace. While one of them is ready, "+
		"another becomes so when it can answer what HPAs ask.")
	flags.StringVar(&o.APIService, "apiservice", o.APIService, "APIService that leads to --service, and gets the CA bundle of --tls-secret. "+
		"Empty where external metrics are somebody else's, as KEDA's: it is left alone then.")
	flags.StringVar(&o.TLSSecret, "tls-secret", o.TLSSecret, "Secret in --namespace to keep the serving certificate in. It must exist and may be empty: "+
		"the certificate is made for --service, renewed and made known to the API server. Without it --tls-cert-file or --cert-dir apply.")
	flags.StringSliceVar(&o.Namespaces, "namespaces", o.Namespaces, "Namespaces whose HPAs and JobManagers are read, and whose questions are answered. "+
		"Without any, all are.")
	flags.StringVar(&o.KEDA, "keda-bind-address", o.KEDA, "Address, as HOST:PORT, on which KEDA is answered as by an external scaler (gRPC). "+
		"It needs the three files. Without it KEDA is not answered.")
	flags.StringVar(&o.KEDAFiles.Cert, "keda-cert-file", o.KEDAFiles.Cert, "Serving certificate for KEDA (PEM).")
	flags.StringVar(&o.KEDAFiles.Key, "keda-key-file", o.KEDAFiles.Key, "Its private key (PEM).")
	flags.StringVar(&o.KEDAFiles.ClientCA, "keda-client-ca-file", o.KEDAFiles.ClientCA, "CA of the client certificates of those who may call as KEDA (PEM). "+
		"They may ask about every namespace.")
	flags.DurationVar(&o.ShutdownDelay, "shutdown-delay-duration", o.ShutdownDelay, "How long requests are answered after SIGTERM, while the adapter is not ready any more.")
	return o
}

// Complete checks the flags and derives the library's from them. Where a kubeconfig is given and the library's three
// flags for it are not set, it stands for all of them; without any the in-cluster configuration applies.
func (o *Options) Complete(kubeconfig string) error {
	for _, path := range []*string{&o.base.RemoteKubeConfigFile, &o.base.Authentication.RemoteKubeConfigFile, &o.base.Authorization.RemoteKubeConfigFile} {
		if *path == "" {
			*path = kubeconfig
		}
	}
	if o.ShutdownDelay < 0 {
		return fmt.Errorf("--shutdown-delay-duration=%s: must not be negative", o.ShutdownDelay)
	}
	var err error
	if o.Namespaces, err = namespaces.Given(o.Namespaces); err != nil {
		return err
	}
	if _, err := labels.Parse(o.PodLabels); err != nil {
		return fmt.Errorf("--pod-labels=%s: %w", o.PodLabels, err)
	}
	for _, flag := range []struct{ name, value string }{{"--service", o.Service}, {"--pod-labels", o.PodLabels}} {
		if flag.value != "" && o.Namespace == "" {
			return fmt.Errorf("%s=%s needs --namespace", flag.name, flag.value)
		}
	}
	if err := o.completeKEDA(); err != nil {
		return err
	}
	if o.TLSSecret == "" {
		return nil
	}
	if o.base.SecureServing.ServerCert.CertKey.CertFile != "" {
		return errors.New("--tls-secret and --tls-cert-file exclude each other: set one")
	}
	for _, flag := range []struct{ name, value string }{{"--service", o.Service}, {"--namespace", o.Namespace}} {
		if flag.value == "" {
			return fmt.Errorf("--tls-secret=%s needs %s", o.TLSSecret, flag.name)
		}
	}
	// The library makes a certificate of its own before ours is put in its place: in memory, then.
	o.base.SecureServing.ServerCert.CertDirectory = ""
	return nil
}
