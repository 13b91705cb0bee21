package security

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/flink-hpa/flink-hpa/adapter/collect"
	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/tlsfile"
)

// clientCredentials fetches tokens with the client credentials grant.
type clientCredentials struct {
	conf   *clientcredentials.Config
	client *http.Client
}

func newOAuth(o *config.OAuth, m material, conf *sarama.Config) (*bearer, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true // a token lasts for long
	if o.CAFile != "" {
		roots, err := tlsfile.Roots("sasl.oauth.caFile", o.CAFile, m.oauthCA)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	}
	fetch := &clientCredentials{
		conf: &clientcredentials.Config{
			TokenURL: o.TokenURL, ClientID: cmp.Or(o.ClientID, m.clientID), ClientSecret: m.secret, Scopes: o.Scopes,
		},
		client: &http.Client{
			Transport: transport,
			Timeout:   fetchTimeout,
			// The secret goes where the configuration says and nowhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	b := newBearer("sasl.oauth.tokenURL: "+o.TokenURL, fetch, conf)
	b.extensions = o.Extensions
	return b, nil
}

// Token fetches one. The error doesn't wrap its cause: what the endpoint says may hold times and ids, which have no place
// in the status of an HPA, and a network error would be taken for the broker's.
func (c *clientCredentials) Token() (*oauth2.Token, error) {
	token, err := c.conf.Token(context.WithValue(context.Background(), oauth2.HTTPClient, c.client))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused):
		return nil, errors.New(strings.TrimSpace(refused.Response.Status + " " + refused.ErrorCode))
	case err != nil:
		return nil, errors.New(collect.Cause(err).Error())
	}
	if token.Expiry.IsZero() {
		token.Expiry = time.Unix(0, 0) // nobody said how long it lasts, so it isn't kept
	}
	return token, nil
}
