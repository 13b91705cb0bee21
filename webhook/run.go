package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/internal/telemetry"
)

// serviceAccount is the name of ours in the manifests.
const serviceAccount = "flink-hpa-webhook"

// Limits of our own requests to the API server, per second. They are far above what admissions need, whose reads are shared, and
// keep a pod that names thousands of ConfigMaps from becoming as many requests.
const (
	queriesPerSecond = 100
	queriesAtOnce    = 200
)

// errEnding is why a program that ends isn't ready.
var errEnding = errors.New("it is ending: ask another replica")

// Run serves until ctx ends, and Options.ShutdownDelay longer.
func Run(ctx context.Context, opts Options) error {
	if err := opts.complete(); err != nil {
		return err
	}
	config, err := clientConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := NewMetrics(registry)
	profiles, err := openProfiles(opts.Profiles, clock.RealClock{}, metrics)
	if err != nil {
		return err
	}
	surroundings := Surroundings{
		objects: newObjectReader(client, opts.Namespace+":"+serviceAccount, clock.RealClock{}, metrics), profiles: profiles, advice: adviceReader{objects},
	}
	instance, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("find our own name: %w", err)
	}
	inspector := NewInspector(client, surroundings, InspectorOptions{
		Namespaces: opts.Namespaces, Except: []string{metav1.NamespaceSystem, opts.Namespace}, Instance: instance, Clock: clock.RealClock{},
	})
	registry.MustRegister(inspector)
	certificate, keeper, err := opts.certificate(ctx, client)
	if err != nil {
		return err
	}
	registry.MustRegister(telemetry.CertificateExpiry("webhook", telemetry.FromTLS(certificate)))
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(opts.BindAddress, opts.Port))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	klog.FromContext(ctx).Info("Serving", "address", listener.Addr())

	tasks, failing := errgroup.WithContext(ctx)
	working, stopWorking := outlive(failing, opts.ShutdownDelay, clock.RealClock{})
	defer stopWorking()
	probes := Probes{
		Ready: func() error {
			if ctx.Err() != nil {
				return errEnding
			}
			return nil
		},
		Alive: profiles.pulse.Alive,
	}
	if keeper != nil {
		probes.Alive = func() error { return errors.Join(profiles.pulse.Alive(), keeper.Alive()) }
		tasks.Go(func() error { keeper.Run(working); return nil })
	}
	handler := leaving(ctx, Handler(NewAdmission(surroundings, inspector, metrics), registry, probes))
	tasks.Go(func() error { profiles.run(working); return nil })
	tasks.Go(func() error { inspector.Run(working); return nil })
	tasks.Go(func() error { return Serve(working, listener, handler, certificate) })
	return tasks.Wait()
}

// outlive is a context that ends some time after ctx.
func outlive(ctx context.Context, by time.Duration, clock clock.Clock) (context.Context, context.CancelFunc) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		defer end()
		select {
		case <-clock.After(by):
		case <-longer.Done():
		}
	})
	return longer, end
}

func clientConfig() (*rest.Config, error) {
	// KUBECONFIG where it is set, else the pod's service account.
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the API server: %w", err)
	}
	config.QPS, config.Burst = queriesPerSecond, queriesAtOnce
	return config, nil
}
