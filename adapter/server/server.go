// Package server puts the adapter together: configuration, collectors, provider, and the API server around them.
package server

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"k8s.io/apiserver/pkg/server/healthz"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/utils/clock"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver/metrics"

	"github.com/flink-hpa/flink-hpa/webhook/certs"
)

// Run serves external metrics until ctx ends.
func Run(ctx context.Context, opts *Options) error {
	if err := opts.Complete(os.Getenv("KUBECONFIG")); err != nil {
		return err
	}
	own, err := newOwnMetrics(legacyregistry.Registerer())
	if err != nil {
		return err
	}
	file, err := openConfig(opts.Config, clock.RealClock{}, own)
	if err != nil {
		return err
	}
	restConfig, err := opts.base.ClientConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(restConfig)
	if err != nil {
		return err
	}
	instance, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("find our own name: %w", err)
	}
	sources, err := newSources(file.inUse, client, instance, clock.RealClock{}, own)
	if err != nil {
		return err
	}
	for _, collector := range []prometheus.Collector{newSampleAges(sources), sources.overrides} {
		if err := legacyregistry.Registerer().Register(collector); err != nil {
			return err
		}
	}
	opts.base.WithExternalMetrics(sources.provider) // before Config and Server, which look for it
	if err := metrics.RegisterMetrics(legacyregistry.Register); err != nil {
		return err
	}
	tasks, ctx := errgroup.WithContext(ctx)
	if opts.TLSSecret != "" {
		keeper, err := newKeeper(ctx, opts, restConfig, client)
		if err != nil {
			return err
		}
		tasks.Go(func() error { keeper.Run(ctx); return nil })
	}
	apiServer, err := opts.base.Config()
	if err != nil {
		return fmt.Errorf("set up the API server: %w", err)
	}
	chain := &apiServer.GenericConfig.BuildHandlerChainFunc
	*chain = withExplanations(*chain, sources.provider)
	server, err := opts.base.Server()
	if err != nil {
		return fmt.Errorf("set up the API server: %w", err)
	}
	if err := server.GenericAPIServer.AddLivezChecks(0, check("collectors-turn", sources.alive)); err != nil {
		return err
	}
	if err := server.GenericAPIServer.AddReadyzChecks(check("collectors-started", sources.ready)); err != nil {
		return err
	}
	tasks.Go(func() error { sources.run(ctx, file); return nil })
	tasks.Go(func() error { return server.GenericAPIServer.PrepareRun().RunWithContext(ctx) })
	return tasks.Wait()
}

// newKeeper makes sure of the serving certificate in the Secret, and has the API server serve it.
func newKeeper(ctx context.Context, opts *Options, restConfig *rest.Config, client kubernetes.Interface) (*certs.Keeper, error) {
	dynamicClient, err := dynamic.NewForConfig(restConfig)
	if err != nil {
		return nil, err
	}
	keeper := certs.New(client, certs.Options{Namespace: opts.Namespace, Secret: opts.TLSSecret, Service: opts.TLSService, Clock: clock.RealClock{}},
		certs.APIService(dynamicClient, opts.APIService))
	if err := keeper.Ensure(ctx); err != nil {
		return nil, fmt.Errorf("serving certificate: %w", err)
	}
	server, err := opts.base.Config()
	if err != nil {
		return nil, fmt.Errorf("set up the API server: %w", err)
	}
	server.GenericConfig.SecureServing.Cert = keeper
	return keeper, nil
}

func check(name string, f func() error) healthz.HealthChecker {
	return healthz.NamedCheck(name, func(*http.Request) error { return f() })
}
