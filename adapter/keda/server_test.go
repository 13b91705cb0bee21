package keda

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/keda/externalscaler"
)

// counted is a Meter.
type counted struct {
	mu    sync.Mutex
	calls []string
}

func (c *counted) Answered(method, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, method+" "+code)
}

func (c *counted) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// rig is a server that runs, with what it needs.
type rig struct {
	*Server
	authority *authority
	metrics   *fakeMetrics
	meter     *counted
	stop      func() error // ends it, and waits for that
}

func start(t *testing.T, metrics *fakeMetrics) *rig {
	t.Helper()
	authority := newAuthority(t, "one")
	r := &rig{authority: authority, metrics: metrics, meter: &counted{}}
	var err error
	r.Server, err = Listen(Options{
		Address: "127.0.0.1:0", Files: filesOf(t, authority, authority), Metrics: metrics, Meter: r.meter, Clock: clock.RealClock{},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// dial calls with these certificates, on a connection of its own.
func (r *rig) dial(t *testing.T, certificates ...tls.Certificate) externalscaler.ExternalScalerClient {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(r.authority.cert)
	return dialWith(t, r, credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: "localhost", Certificates: certificates}))
}

func dialWith(t *testing.T, r *rig, secure credentials.TransportCredentials) externalscaler.ExternalScalerClient {
	t.Helper()
	connection, err := grpc.NewClient(r.Addr().String(), grpc.WithTransportCredentials(secure))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	})
	return externalscaler.NewExternalScalerClient(connection)
}

// keda is a client as KEDA is one.
func (r *rig) keda(t *testing.T) externalscaler.ExternalScalerClient {
	t.Helper()
	return r.dial(t, r.authority.client(x509.ExtKeyUsageClientAuth))
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("got %v, want code %s", err, want)
	}
}

func TestWhatIsUnderWayIsAnsweredBeforeTheEnd(t *testing.T) {
	r := start(t, &fakeMetrics{value: 3, held: make(chan struct{})})
	client := r.keda(t)
	answered := make(chan error, 1)
	go func() {
		_, err := client.IsActive(t.Context(), whole())
		answered <- err
	}()
	<-r.metrics.held // the call has begun
	ended := make(chan error, 1)
	go func() { ended <- r.stop() }()
	<-r.stopping
	<-r.metrics.held // and may go on
	if err := <-answered; err != nil {
		t.Errorf("the call that was under way: %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	_, err := r.keda(t).IsActive(t.Context(), whole())
	wantCode(t, err, codes.Unavailable)
}

func TestAStreamDoesNotHoldUpTheEnd(t *testing.T) {
	r := start(t, &fakeMetrics{value: 3})
	stream, err := r.keda(t).StreamIsActive(t.Context(), whole())
	if err != nil {
		t.Fatal(err)
	}
	if active, err := stream.Recv(); err != nil || !active.GetResult() {
		t.Fatalf("got %v, %v", active, err)
	}
	begun := time.Now()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took >= drainWithin {
		t.Errorf("the end took %s", took)
	}
	if _, err := stream.Recv(); err == nil || err.Error() != "EOF" {
		t.Errorf("the stream ends with %v, which makes KEDA wait longer before it asks again", err)
	}
}

func TestTheDelayBeforeTheEnd(t *testing.T) {
	metrics := &fakeMetrics{value: 3}
	authority := newAuthority(t, "one")
	times := newTimers()
	server, err := Listen(Options{
		Address: "127.0.0.1:0", Files: filesOf(t, authority, authority), Metrics: metrics, Meter: &counted{}, Clock: times, ShutdownDelay: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	cancel()
	<-times.made // the delay has begun
	r := &rig{Server: server, authority: authority}
	if _, err := r.keda(t).IsActive(t.Context(), whole()); err != nil {
		t.Errorf("during the delay: %v", err)
	}
	times.Step(10 * time.Second)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAnAddressThatIsTaken(t *testing.T) {
	r := start(t, &fakeMetrics{})
	files := filesOf(t, r.authority, r.authority)
	if _, err := Listen(Options{Address: r.Addr().String(), Files: files}); err == nil {
		t.Error("it listens where another one does")
	}
}
