package server

import (
	"slices"
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
	secret := []string{"--tls-secret=s", "--service=svc", "--namespace=ns"}
	forKEDA := []string{"--keda-bind-address=:6444", "--keda-cert-file=/c", "--keda-key-file=/k", "--keda-client-ca-file=/ca"}
	tests := []struct {
		name    string
		args    []string
		message string
	}{
		{"no flags at all", nil, ""},
		{"a Secret with what belongs to it", secret, ""},
		{"a Secret without a Service", []string{"--tls-secret=s", "--namespace=ns"}, "--tls-secret=s needs --service"},
		{"a Secret without a namespace", []string{"--tls-secret=s", "--service=svc"}, "--service=svc needs --namespace"},
		{"a namespace that can't exist", []string{"--namespaces=team-a,Team_B"}, `--namespaces=team-a,Team_B: namespace "Team_B" can't exist`},
		{"labels that can't be read", []string{"--pod-labels=a=b=c", "--namespace=ns"}, "--pod-labels=a=b=c: "},
		{"labels of pods in no namespace", []string{"--pod-labels=a=b"}, "--pod-labels=a=b needs --namespace"},
		{"a Service in no namespace", []string{"--service=svc"}, "--service=svc needs --namespace"},
		{"a delay that is over before it begins", []string{"--shutdown-delay-duration=-1s"}, "--shutdown-delay-duration=-1s"},
		{"a Secret whose certificate no APIService is told of", append(slices.Clone(secret), "--apiservice="), ""},
		{"an address for KEDA with its files", forKEDA, ""},
		{"an address for KEDA without a CA of its clients", forKEDA[:3], "--keda-bind-address=:6444 needs --keda-client-ca-file: whoever may call"},
		{"an address for KEDA without a certificate", []string{forKEDA[0], forKEDA[2], forKEDA[3]}, "--keda-bind-address=:6444 needs --keda-cert-file"},
		{"an address for KEDA without a key", []string{forKEDA[0], forKEDA[1], forKEDA[3]}, "--keda-bind-address=:6444 needs --keda-key-file"},
		{"a CA of KEDA's clients without an address", forKEDA[3:], "--keda-client-ca-file=/ca needs --keda-bind-address"},
		{"an address for KEDA that is none", append(slices.Clone(forKEDA), "--keda-bind-address=6444"), "--keda-bind-address=6444: address 6444: missing port in address; write it as HOST:PORT"},
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
