package server

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
)

// Options are what the command line sets. The library's own flags (serving, delegated authentication and authorization,
// audit, features) come with them.
type Options struct {
	Config     string // path of the configuration
	TLSSecret  string // name of the Secret with the serving certificate; empty: the library's --tls-cert-file and --cert-dir
	TLSService string // name of the Service that the certificate is for
	Namespace  string // of both
	APIService string // name of the APIService that gets the CA bundle

	base cmd.AdapterBase
}

// NewOptions returns the defaults and adds the flags that change them.
func NewOptions(flags *pflag.FlagSet) *Options {
	o := &Options{Config: "/etc/flink-hpa/config.yaml", APIService: "v1beta1.external.metrics.k8s.io"}
	o.base.Name = "flink-hpa-adapter"
	o.base.FlagSet = flags
	o.base.InstallFlags()
	flags.StringVar(&o.Config, "config", o.Config, "File with the configuration (YAML).")
	flags.StringVar(&o.TLSSecret, "tls-secret", o.TLSSecret, "Secret to keep the serving certificate in. It must exist and may be empty: "+
		"the certificate is made, renewed and made known to the API server. Without it --tls-cert-file or --cert-dir apply.")
	flags.StringVar(&o.TLSService, "tls-service", o.TLSService, "Service that the certificate in --tls-secret is for.")
	flags.StringVar(&o.Namespace, "namespace", o.Namespace, "Namespace of --tls-secret and --tls-service.")
	flags.StringVar(&o.APIService, "apiservice", o.APIService, "APIService that gets the CA bundle of --tls-secret.")
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
	if o.TLSSecret == "" {
		return nil
	}
	if o.base.SecureServing.ServerCert.CertKey.CertFile != "" {
		return errors.New("--tls-secret and --tls-cert-file exclude each other: set one")
	}
	for flag, value := range map[string]string{"--tls-service": o.TLSService, "--namespace": o.Namespace, "--apiservice": o.APIService} {
		if value == "" {
			return fmt.Errorf("--tls-secret=%s needs %s", o.TLSSecret, flag)
		}
	}
	// The library makes a certificate of its own before ours is put in its place: in memory, then.
	o.base.SecureServing.ServerCert.CertDirectory = ""
	return nil
}
