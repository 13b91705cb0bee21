package server

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/fake"
	clocktesting "k8s.io/utils/clock/testing"
	metrics "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/flink-hpa/flink-hpa/adapter/config"
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

func TestSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := clocktesting.NewFakeClock(time.Unix(1_000_000, 0))
		conf := config.Default()
		conf.Kafka.Clusters = []config.KafkaCluster{
			{Name: "a", BootstrapServers: []string{"127.0.0.1:1"}, Namespaces: []string{"*"}},
			{Name: "b", BootstrapServers: []string{"127.0.0.1:1"}, Namespaces: []string{"*"}},
		}
		s := newSources(conf, fake.NewClientset(), clock)
		for _, want := range []string{"kafka/a loop has not started", "kafka/b loop has not started", "flink loop has not started", "list of JobManager pods"} {
			if err := s.ready(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("ready before the start: %v lacks %q", err, want)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.run(ctx) }()
		// The informer backs off on the bubble's own clock, which moves on while all of us wait.
		for s.ready() != nil {
			time.Sleep(time.Second)
		}
		if err := s.alive(); err != nil {
			t.Errorf("alive: %v", err)
		}
		for selector, want := range map[string]string{"kafka_consumergroup_lag": "bootstrap server 127.0.0.1:1: DescribeCluster: ", "flink_busy_ratio": "no running pod"} {
			asked := labels.SelectorFromSet(labels.Set{"cluster": "a", "group": "g"})
			if _, err := s.provider().GetExternalMetric(ctx, "shop", asked, metrics.ExternalMetricInfo{Metric: selector}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", selector, err, want)
			}
		}
		if err := s.ready(); err != nil {
			t.Errorf("ready must not depend on Kafka: %v", err)
		}
		cancel()
		<-done
	})
}
