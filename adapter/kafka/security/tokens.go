package security

import (
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

const (
	// fetchTimeout bounds the way to a token: sarama asks for one without a context.
	fetchTimeout = 3 * time.Second
	// refreshEarly is how long before its end a token is not used any more. A broker ends the session with the token,
	// and sarama authenticates again at 85 % to 95 % of a session.
	refreshEarly = time.Minute
)

// bearer is OAUTHBEARER's half of the talk with a broker. It is safe for concurrent use.
type bearer struct {
	name       string // in errors: the field, and where tokens come from
	tokens     oauth2.TokenSource
	wait       time.Duration
	extensions map[string]string
	flight     singleflight.Group
}

var _ sarama.AccessTokenProvider = (*bearer)(nil)

// newBearer fetches a token when the one before is about to expire, one for all connections. A connection waits for it
// as long as it can without running into its own time-out, which would not say what for; the fetch goes on, for the next.
func newBearer(name string, fetch oauth2.TokenSource, conf *sarama.Config) *bearer {
	return &bearer{name: name, tokens: oauth2.ReuseTokenSourceWithExpiry(nil, fetch, refreshEarly), wait: conf.Net.ReadTimeout / 2}
}

// Token is the token that a connection shows.
func (b *bearer) Token() (*sarama.AccessToken, error) {
	fetched := b.flight.DoChan("", func() (any, error) { return b.tokens.Token() })
	timer := time.NewTimer(b.wait)
	defer timer.Stop()
	select {
	case result := <-fetched:
		if result.Err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, result.Err)
		}
		return &sarama.AccessToken{Token: result.Val.(*oauth2.Token).AccessToken, Extensions: b.extensions}, nil
	case <-timer.C:
		return nil, fmt.Errorf("%s: no token in time", b.name)
	}
}
