package webhook

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"k8s.io/klog/v2"
)

// The API server waits for three seconds (timeoutSeconds in the manifest), so anything slower is of no use.
const (
	requestTimeout = 5 * time.Second
	// idleTimeout is above the 90 seconds after which the API server closes an idle connection itself.
	idleTimeout = 2 * time.Minute
)

// GetCertificate returns the certificate to serve now; see tls.Config.
type GetCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

// Serve answers over TLS on listener until ctx ends. Requests that are under way by then are answered still.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, certificate GetCertificate) error {
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         &tls.Config{GetCertificate: certificate, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: requestTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      2 * requestTimeout,
		IdleTimeout:       idleTimeout,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:          klog.NewStandardLogger("WARNING"),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(listener, "", "") }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*requestTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("finish the requests under way: %w", err)
	}
	return nil
}

// leaving has each answer end its connection once ending has ended. The API server calls over connections that it keeps, with a request at a time
// (HTTP/1.1), and doesn't send a call again that met the end of one: what is still kept when the server stops would cost admissions.
func leaving(ending context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ending.Err() != nil {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
