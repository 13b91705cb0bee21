package webhook

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

// serviceAccount is the name of ours in the manifests.
const serviceAccount = "flink-hpa-webhook"

// Limits of our own requests to the API server, per second. They are far above what admissions need, whose reads are shared, and
// keep a pod that names thousands of ConfigMaps from becoming as many requests.
const (
	queriesPerSecond = 100
	queriesAtOnce    = 200
)

// Run serves until ctx ends.
func Run(ctx context.Context, opts Options) error {
	client, err := newClient()
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := NewMetrics(registry)
	profiles, err := openProfiles(opts.Profiles, clock.RealClock{}, metrics)
	if err != nil {
		return err
	}
	surroundings := Surroundings{objects: newObjectReader(client, opts.Namespace+":"+serviceAccount, clock.RealClock{}, metrics), profiles: profiles}
	instance, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("find our own name: %w", err)
	}
	inspector := NewInspector(client, surroundings, []string{metav1.NamespaceSystem, opts.Namespace}, instance, clock.RealClock{})
	registry.MustRegister(inspector)

	tasks, ctx := errgroup.WithContext(ctx)
	certificate, keep, err := opts.certificate(ctx, client)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(opts.BindAddress, opts.Port))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	klog.FromContext(ctx).Info("Serving", "address", listener.Addr())
	handler := Handler(NewAdmission(surroundings, inspector, metrics), registry)
	tasks.Go(func() error { keep(ctx); return nil })
	tasks.Go(func() error { profiles.run(ctx); return nil })
	tasks.Go(func() error { inspector.Run(ctx); return nil })
	tasks.Go(func() error { return Serve(ctx, listener, handler, certificate) })
	return tasks.Wait()
}

func newClient() (kubernetes.Interface, error) {
	// KUBECONFIG where it is set, else the pod's service account.
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the API server: %w", err)
	}
	config.QPS, config.Burst = queriesPerSecond, queriesAtOnce
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	return client, nil
}
