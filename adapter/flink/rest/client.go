// Package rest reads what Flink's REST API says of a cluster and its job, in all versions from 1.13 to 2.3. It judges
// nothing: which numbers count is its caller's business.
//
// Times are milliseconds since 1970 by the JobManager's clock, 0 for never. No value stands for one that is not known:
// what an answer lacks is an error, a nil or a flag.
package rest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/collect"
	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// maxBody is the largest answer that is read. /jobs/:id holds the job's plan, which for hundreds of vertices takes some
// hundred KiB.
const maxBody = 8 << 20

// Target is where a JobManager's REST API is.
type Target struct {
	Address string // host:port
	TLSName string // https, with a certificate for this name; empty: http
}

// Options of a Client.
type Options struct {
	TLS   *config.TLS        // for targets with a TLSName; nil: the system's roots and no client certificate. ServerName is not used
	Clock clock.PassiveClock // nil: the real one
	Meter Meter              // nil: nobody counts
}

// Client gets JSON from JobManagers. It is safe for concurrent use.
type Client struct {
	meter  Meter
	plain  *http.Client
	secure *secure
}

// New returns a client that holds one idle connection for each target.
func New(opts Options) *Client {
	if opts.Clock == nil {
		opts.Clock = clock.RealClock{}
	}
	if opts.Meter == nil {
		opts.Meter = unmetered{}
	}
	return &Client{meter: opts.Meter, plain: newHTTPClient(nil), secure: &secure{tls: opts.TLS, clock: opts.Clock}}
}

// get reads path from the JobManager and makes of the answer what is wanted of it. The error names the path without its
// query, and the status if there is one.
func get[A, V any](ctx context.Context, c *Client, to Target, request Request, path, query string, of func(A) (V, error)) (V, error) {
	c.meter.Requested(request)
	var (
		answer A
		value  V
	)
	err := c.read(ctx, to, path, query, &answer)
	if err == nil {
		value, err = of(answer)
	}
	if err != nil {
		c.meter.Failed(request)
		return value, fmt.Errorf("GET %s: %w", path, err)
	}
	return value, nil
}

func (c *Client) read(ctx context.Context, to Target, path, query string, answer any) error {
	client, scheme := c.plain, "http"
	if to.TLSName != "" {
		var err error
		if client, err = c.secure.client(to.TLSName); err != nil {
			return err
		}
		scheme = "https"
	}
	target := url.URL{Scheme: scheme, Host: to.Address, Path: path, RawQuery: query}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return withoutURL(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return collect.Cause(withoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return collect.Cause(err)
	case len(body) > maxBody:
		return fmt.Errorf("the answer is larger than %d MiB", maxBody>>20)
	case response.StatusCode == http.StatusNotFound:
		return notFound(body)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("status %s", response.Status)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%w: %w", errAnswer, err)
	}
	return nil
}

// withoutURL leaves out what http.Client puts before a cause: the method and the URL, with all the names asked for.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// idleTimeout is how long a connection is kept for the next round.
const idleTimeout = time.Minute

// newHTTPClient connects without a proxy: pods are near. Without config it speaks http.
func newHTTPClient(config *tls.Config) *http.Client {
	return &http.Client{
		Transport: &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 1, IdleConnTimeout: idleTimeout},
		// A pod may not send us elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
