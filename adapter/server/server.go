// Package server puts the adapter together: configuration, collectors, provider, and the API server around them.
package server

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/healthz"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/utils/clock"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver/metrics"

	"github.com/flink-hpa/flink-hpa/adapter/apiservice"
	"github.com/flink-hpa/flink-hpa/adapter/election"
	"github.com/flink-hpa/flink-hpa/adapter/rules"
	"github.com/flink-hpa/flink-hpa/internal/telemetry"
	"github.com/flink-hpa/flink-hpa/webhook/certs"
)

// lease is the Lease in --namespace by which the replica is found that decides what ScalingRules say and writes Events of changes.
const lease = "flink-hpa-adapter"

// Run serves external metrics until ctx ends, and a while longer: what is collected and renewed goes on until the last
// request has been answered.
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
	dynamicClient, err := dynamic.NewForConfig(restConfig)
	if err != nil {
		return err
	}
	instance, err := os.Hostname() // a pod's is its name
	if err != nil {
		return fmt.Errorf("find our own name: %w", err)
	}
	elected, err := election.New(client, opts.Namespace, lease, instance)
	if err != nil {
		return err
	}
	sources, err := newSources(file.inUse, place{client, dynamicClient, instance, elected.Leads, opts.Namespaces, clock.RealClock{}}, own)
	if err != nil {
		return err
	}
	scaling := opts.rules(client, dynamicClient, sources, elected.Leads)
	registration := apiservice.New(dynamicClient, opts.APIService, types.NamespacedName{Namespace: opts.Namespace, Name: opts.Service})
	watch := apiservice.NewWatch(registration, client, instance, clock.RealClock{})
	served := newServed(sources.provider, clock.RealClock{})
	for _, collector := range []prometheus.Collector{newSampleAges(sources), newJobGauges(sources.eachJob), served, sources.overrides, scaling, watch} {
		if err := legacyregistry.Registerer().Register(collector); err != nil {
			return err
		}
	}
	opts.base.WithExternalMetrics(served) // before Config and Server, which look for it
	if err := metrics.RegisterMetrics(legacyregistry.Register); err != nil {
		return err
	}
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	keeper, err := opts.keeper(ctx, client, registration)
	if err != nil {
		return err
	}
	warm := newWarmUp(sources.demand.Unanswered, otherReplicas(client, opts.Namespace, opts.PodLabels, instance), clock.RealClock{})
	server, err := opts.apiServer(sources, scaling, warm, keeper)
	if err != nil {
		return err
	}
	serve := []func(context.Context) error{server.PrepareRun().RunWithContext}
	scaler, err := opts.newKEDA(served, own, legacyregistry.Registerer())
	if err != nil {
		return err
	}
	if scaler != nil {
		serve = append(serve, scaler.Run)
	}
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { sources.run(working, file); return nil })
	tasks.Go(func() error { elected.Run(working); return nil })
	tasks.Go(func() error { scaling.Run(working); return nil })
	tasks.Go(func() error { warm.run(working); return nil })
	if keeper != nil {
		tasks.Go(func() error { keeper.Run(working); return nil })
	}
	if opts.Service != "" && opts.APIService != "" {
		tasks.Go(func() error { watch.Run(working); return nil })
	}
	tasks.Go(func() error {
		defer stopWorking()
		return serveAll(ctx, serve...)
	})
	return tasks.Wait()
}

// keeper makes sure of the serving certificate in the Secret; nil where it comes from elsewhere.
func (o *Options) keeper(ctx context.Context, client kubernetes.Interface, registration *apiservice.Registration) (*certs.Keeper, error) {
	if o.TLSSecret == "" {
		return nil, nil
	}
	inject := registration.Inject
	if o.APIService == "" {
		inject = certs.All() // nowhere
	}
	keeper := certs.New(client, certs.Options{Namespace: o.Namespace, Secret: o.TLSSecret, Service: o.Service, Clock: clock.RealClock{}}, inject)
	if err := keeper.Ensure(ctx); err != nil {
		return nil, fmt.Errorf("serving certificate: %w", err)
	}
	return keeper, nil
}

// apiServer is the library's, with what it serves, its certificate and its probes.
func (o *Options) apiServer(sources *sources, scaling *rules.Rules, warm *warmUp, keeper *certs.Keeper) (*genericapiserver.GenericAPIServer, error) {
	config, err := o.base.Config()
	if err != nil {
		return nil, fmt.Errorf("set up the API server: %w", err)
	}
	generic := config.GenericConfig
	generic.ShutdownDelayDuration = o.ShutdownDelay
	generic.BuildHandlerChainFunc = withExplanations(generic.BuildHandlerChainFunc, sources.provider)
	if keeper != nil {
		generic.SecureServing.Cert = keeper
	}
	if err := legacyregistry.Registerer().Register(telemetry.CertificateExpiry("adapter", telemetry.FromPEM(generic.SecureServing.Cert))); err != nil {
		return nil, err
	}
	adapter, err := o.base.Server()
	if err != nil {
		return nil, fmt.Errorf("set up the API server: %w", err)
	}
	server := adapter.GenericAPIServer
	if err := server.AddLivezChecks(0, check("collectors-turn", sources.alive), check("rules-turn", scaling.Alive)); err != nil {
		return nil, err
	}
	return server, server.AddReadyzChecks(check("collectors-started", sources.ready), check("warm", warm.ready))
}

func check(name string, f func() error) healthz.HealthChecker {
	return healthz.NamedCheck(name, func(*http.Request) error { return f() })
}
