package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/webhook/certs"
)

const (
	namespace = "flink-hpa"
	service   = "flink-hpa-webhook"
	host      = service + "." + namespace + ".svc"
)

// start serves handler until stop is called. The client trusts the injected bundle alone, as the API server does.
func start(t *testing.T, handler http.Handler) (client *http.Client, stop context.CancelFunc, served <-chan error) {
	t.Helper()
	roots := x509.NewCertPool()
	keeper := certs.New(
		fake.NewClientset(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "tls"}}),
		certs.Options{Namespace: namespace, Secret: "tls", Service: service, Clock: clock.RealClock{}},
		func(_ context.Context, caBundle []byte) (bool, error) { return roots.AppendCertsFromPEM(caBundle), nil },
	)
	if err := keeper.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	result := make(chan error, 1)
	go func() { result <- Serve(ctx, listener, handler, keeper.GetCertificate) }()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: host},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, stop, result
}

func get(t *testing.T, client *http.Client, method, path, body string) (code int, answer string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "https://"+host+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func TestServesByTheKeepersCertificate(t *testing.T) {
	client, _, _ := start(t, newHandler(t))
	for _, c := range []struct {
		name, method, path, body string
		code                     int
		want                     string
	}{
		{"an admission", http.MethodPost, "/mutate?timeout=3s", review(podKind, "CREATE", "", taskManager), http.StatusOK, `"patchType":"JSONPatch"`},
		{"the liveness probe", http.MethodGet, "/livez", "", http.StatusOK, "ok"},
		{"the readiness probe", http.MethodGet, "/readyz", "", http.StatusOK, "ok"},
		{"the metrics", http.MethodGet, "/metrics", "", http.StatusOK, "flink_hpa_webhook_profiles_last_reload_successful 1"},
		{"another method", http.MethodGet, "/mutate", "", http.StatusMethodNotAllowed, ""},
		{"another path", http.MethodGet, "/", "", http.StatusNotFound, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, answer, err := get(t, client, c.method, c.path, c.body)
			if err != nil || code != c.code || !strings.Contains(answer, c.want) {
				t.Errorf("got %d %q %v, want %d with %q", code, answer, err, c.code, c.want)
			}
		})
	}
}

func TestARequestUnderWayIsAnsweredWhenTheServerStops(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	client, stop, served := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		if err := r.Context().Err(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	answered := make(chan int, 1)
	go func() {
		code, _, err := get(t, client, http.MethodPost, "/mutate", "")
		if err != nil {
			t.Error(err)
		}
		answered <- code
	}()
	<-arrived
	stop()
	select {
	case err := <-served:
		t.Fatalf("stopped with a request under way: %v", err)
	default:
	}
	close(release)
	if code := <-answered; code != http.StatusOK {
		t.Errorf("answered %d, want 200", code)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, _, err := get(t, client, http.MethodGet, "/livez", ""); err == nil {
		t.Error("it still answers after Serve has returned")
	}
}

func TestAClosedListenerIsAnError(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	none := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }
	if err := Serve(t.Context(), listener, http.NotFoundHandler(), none); err == nil || !strings.Contains(err.Error(), listener.Addr().String()) {
		t.Errorf("Serve: %v, want an error that names the address", err)
	}
}

func TestConnectionsAreLetGoBeforeTheServerStops(t *testing.T) {
	ending, end := context.WithCancel(t.Context())
	defer end()
	server := httptest.NewServer(leaving(ending, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })))
	defer server.Close()
	ends := func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.Close
	}
	if ends() {
		t.Error("a connection ends while the server goes on")
	}
	end()
	if !ends() {
		t.Error("a connection is kept while the server ends")
	}
}
