package server

import (
	"context"
	"fmt"
	"net"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"k8s.io/utils/clock"
	external "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/flink-hpa/flink-hpa/adapter/keda"
	"github.com/flink-hpa/flink-hpa/internal/telemetry"
)

// completeKEDA checks the flags that are about KEDA.
func (o *Options) completeKEDA() error {
	for _, file := range []struct{ name, value string }{
		{"--keda-cert-file", o.KEDAFiles.Cert}, {"--keda-key-file", o.KEDAFiles.Key}, {"--keda-client-ca-file", o.KEDAFiles.ClientCA},
	} {
		switch {
		case o.KEDA == "" && file.value != "":
			return fmt.Errorf("%s=%s needs --keda-bind-address", file.name, file.value)
		case o.KEDA != "" && file.value == "":
			return fmt.Errorf("--keda-bind-address=%s needs %s: whoever may call there may ask about every namespace", o.KEDA, file.name)
		}
	}
	if o.KEDA == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(o.KEDA); err != nil {
		return fmt.Errorf("--keda-bind-address=%s: %w; write it as HOST:PORT, such as :6444", o.KEDA, err)
	}
	return nil
}

// newKEDA listens for KEDA, whose questions get the answers of the external metrics API; nil where it isn't answered.
func (o *Options) newKEDA(metrics external.ExternalMetricsProvider, own *ownMetrics, registry prometheus.Registerer) (*keda.Server, error) {
	if o.KEDA == "" {
		return nil, nil
	}
	for _, method := range keda.Methods() {
		own.keda.WithLabelValues(method, "OK") // from 0 on
	}
	server, err := keda.Listen(keda.Options{
		Address: o.KEDA, Files: o.KEDAFiles, Metrics: metrics, Meter: kedaMeter{own}, Clock: clock.RealClock{}, ShutdownDelay: o.ShutdownDelay,
	})
	if err != nil {
		return nil, err
	}
	return server, registry.Register(telemetry.CertificateExpiry("adapter-keda", server.Certificate))
}

// serveAll runs them, until ctx ends or one of them fails, and returns when each has answered what was asked.
func serveAll(ctx context.Context, servers ...func(context.Context) error) error {
	tasks, ctx := errgroup.WithContext(ctx)
	for _, serve := range servers {
		tasks.Go(func() error { return serve(ctx) })
	}
	return tasks.Wait()
}

// kedaMeter is the meter of what KEDA asks.
type kedaMeter struct{ *ownMetrics }

var _ keda.Meter = kedaMeter{}

// Answered implements keda.Meter.
func (m kedaMeter) Answered(method, code string) { m.keda.WithLabelValues(method, code).Inc() }
