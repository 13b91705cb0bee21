package keda

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	external "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/flink-hpa/flink-hpa/adapter/keda/externalscaler"
)

const (
	// maxMessage and maxHeaders, in bytes, are far above what KEDA sends.
	maxMessage = 64 << 10
	maxHeaders = 16 << 10
	// maxStreams is of one connection: KEDA has one for all triggers with the same address and certificate, and a stream for each push trigger.
	maxStreams = 10_000
	// handshakeWithin is for callers who connect and say nothing.
	handshakeWithin = 10 * time.Second
	// drainWithin is longer than any read waits, and shorter than what is left of a pod's grace.
	drainWithin = 5 * time.Second
)

// Options of a Server. All are required.
type Options struct {
	Address string // host:port to listen on
	Files   Files
	Metrics external.ExternalMetricsProvider // whose errors are those of the metrics API
	Meter   Meter
	Clock   clock.Clock

	// ShutdownDelay is how long calls are answered after the signal to end, while callers learn that there are others to ask.
	ShutdownDelay time.Duration
}

// Server is an external scaler for KEDA that listens.
type Server struct {
	opts     Options
	identity *identity
	listener net.Listener
	grpc     *grpc.Server
	stopping chan struct{}
}

// Listen reads the files and binds the address. Run has to follow.
func Listen(opts Options) (*Server, error) {
	identity, err := newIdentity(opts.Files)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", opts.Address)
	if err != nil {
		return nil, fmt.Errorf("listen for KEDA: %w", err)
	}
	s := &Server{opts: opts, identity: identity, listener: listener, stopping: make(chan struct{})}
	observed := observer{opts.Meter}
	s.grpc = grpc.NewServer(
		grpc.Creds(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: identity.configFor})),
		grpc.UnaryInterceptor(observed.unary), grpc.StreamInterceptor(observed.stream),
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxHeaderListSize(maxHeaders), grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(handshakeWithin),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time: 30 * time.Second, Timeout: 10 * time.Second,
			MaxConnectionAge: streamFor, MaxConnectionAgeGrace: streamFor + drainWithin,
		}),
	)
	externalscaler.RegisterExternalScalerServer(s.grpc, &scaler{metrics: opts.Metrics, clock: opts.Clock, stopping: s.stopping})
	return s, nil
}

// Addr is where it listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Certificate is the serving certificate in use.
func (s *Server) Certificate() (*x509.Certificate, error) { return s.identity.leaf() }

// Run answers until ctx ends, and for the shutdown delay. Then it takes no more calls, and returns when those under way have been
// answered.
func (s *Server) Run(ctx context.Context) error {
	klog.FromContext(ctx).Info("Answering KEDA", "address", s.Addr())
	tasks, ended := errgroup.WithContext(context.WithoutCancel(ctx))
	tasks.Go(func() error {
		if err := s.grpc.Serve(s.listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) { // by stop, before it began
			return fmt.Errorf("answer KEDA: %w", err)
		}
		return nil
	})
	tasks.Go(func() error {
		select {
		case <-ctx.Done():
			s.wait(ended, s.opts.ShutdownDelay)
			s.stop()
		case <-ended.Done(): // Serve has failed
		}
		return nil
	})
	return tasks.Wait()
}

// stop ends streams and connections; calls that take too long are cut off.
func (s *Server) stop() {
	close(s.stopping)
	drained, done := context.WithCancel(context.Background())
	go func() {
		s.grpc.GracefulStop()
		done()
	}()
	s.wait(drained, drainWithin)
	s.grpc.Stop() // does nothing when all is over
}

// wait returns after a time, or when ctx has ended.
func (s *Server) wait(ctx context.Context, during time.Duration) {
	timer := s.opts.Clock.NewTimer(during)
	defer timer.Stop()
	select {
	case <-timer.C():
	case <-ctx.Done():
	}
}
