package server

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func parse(t *testing.T, args ...string) *Options {
	t.Helper()
	flags := pflag.NewFlagSet("adapter", pflag.ContinueOnError)
	o := NewOptions(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestComplete(t *testing.T) {
	secret := []string{"--tls-secret=s", "--tls-service=svc", "--namespace=ns"}
	tests := []struct {
		name    string
		args    []string
		message string
	}{
		{"no flags at all", nil, ""},
		{"a Secret with what belongs to it", secret, ""},
		{"a Secret without a Service", []string{"--tls-secret=s", "--namespace=ns"}, "--tls-secret=s needs --tls-service"},
		{"a Secret without a namespace", []string{"--tls-secret=s", "--tls-service=svc"}, "--tls-secret=s needs --namespace"},
		{"a Secret and a file", append(secret, "--tls-cert-file=/x"), "exclude each other"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := parse(t, test.args...).Complete("")
			if (test.message == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.message) {
				t.Errorf("got %v, want %q", err, test.message)
			}
		})
	}
}

func TestKubeconfigStandsForTheLibrarysFlags(t *testing.T) {
	o := parse(t, "--authorization-kubeconfig=/set")
	if err := o.Complete("/from/env"); err != nil {
		t.Fatal(err)
	}
	if o.base.RemoteKubeConfigFile != "/from/env" || o.base.Authentication.RemoteKubeConfigFile != "/from/env" || o.base.Authorization.RemoteKubeConfigFile != "/set" {
		t.Errorf("got %q, %q, %q", o.base.RemoteKubeConfigFile, o.base.Authentication.RemoteKubeConfigFile, o.base.Authorization.RemoteKubeConfigFile)
	}
}
