//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

// Of the user rotated: what the adapter is given first, what the brokers want, and what they want in the end.
const (
	wrongPassword = "the-wrong-password"
	rightPassword = "the-right-password"
	nextPassword  = "the-next-password"
)

const rotated = "cluster=rotated,group=quiet-0" // selector

// users makes the brokers know the users of SCRAM.
func (s *stage) users(t *testing.T) {
	t.Helper()
	s.user(t, bed.SecureUser, bed.SecurePassword, sarama.SCRAM_MECHANISM_SHA_512)
	s.user(t, bed.SecureUser, bed.SecurePassword, sarama.SCRAM_MECHANISM_SHA_256)
	s.user(t, "rotated", rightPassword, sarama.SCRAM_MECHANISM_SHA_512)
}

func (s *stage) user(t *testing.T, name, password string, mechanism sarama.ScramMechanismType) {
	t.Helper()
	results, err := s.admin.UpsertUserScramCredentials([]sarama.AlterUserScramCredentialsUpsert{{
		Name: name, Password: []byte(password), Mechanism: mechanism, Iterations: 4096, Salt: []byte("salt of " + name),
	}})
	if err != nil || results[0].ErrorCode != sarama.ErrNoError {
		t.Fatalf("user %s: %v %+v", name, err, results)
	}
}

// clientProperties is how Kafka's own tools connect.
func (s *stage) clientProperties(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "client.properties")
	text := fmt.Sprintf(`security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="%s" password="%s";
ssl.truststore.type=PEM
ssl.truststore.location=%s
`, bed.SecureUser, bed.SecurePassword, s.File("ca.crt"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (s *stage) everyWayToConnect(t *testing.T, tokens *tokenEndpoint) {
	kdc, err := cluster.StartKDC(t.Context(), s.SecureKafka)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kdc.Stop(time.Second); err != nil {
			t.Error(err)
		}
	})
	for _, test := range []struct {
		name, cluster string
		lag           float64
	}{
		{"SCRAM-SHA-512", "secure", quietLag},
		{"SCRAM-SHA-256", "committed", quietLag},
		{"PLAIN, without 1 + 2 in the dead band", "dead-band", quietLag - 3},
		{"OAUTHBEARER", "oauth", quietLag},
		{"GSSAPI", "kerberos", quietLag},
		{"a client certificate", "certificate", quietLag},
	} {
		t.Run(test.name, func(t *testing.T) {
			eventually(t, rounds, "the lag is known", reads("cluster="+test.cluster+",group=quiet-0", test.lag))
		})
	}
	if tokens.token() == "" {
		t.Error("nobody asked for a token")
	}
}

// aRenewedPassword leaves the cluster rotated with a password that only a new connection shows. The broker that dies makes
// one needed.
func (s *stage) aRenewedPassword(t *testing.T) {
	eventually(t, rounds, "the refusal is told", refuses(lagMetric, rotated, `Kafka cluster "rotated"`, "uthentication"))
	_, err := read(t.Context(), lagMetric, rotated)
	t.Logf("a wrong password: %v", err)
	setFile(t, "rotated", rightPassword)
	eventually(t, rounds, "the lag is known", reads(rotated, quietLag))
	s.user(t, "rotated", nextPassword, sarama.SCRAM_MECHANISM_SHA_512)
	setFile(t, "rotated", nextPassword)
}

// tokenEndpoint gives tokens that nobody has signed to whoever knows the client's secret, over TLS.
type tokenEndpoint struct {
	*httptest.Server
	mu    sync.Mutex
	given string
}

func newTokenEndpoint(t *testing.T) *tokenEndpoint {
	e := &tokenEndpoint{}
	e.Server = httptest.NewTLSServer(http.HandlerFunc(e.serve))
	t.Cleanup(e.Close)
	return e
}

// token is the one that was given last.
func (e *tokenEndpoint) token() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.given
}

func (e *tokenEndpoint) serve(w http.ResponseWriter, r *http.Request) {
	const lasts = 5 * time.Minute
	id, secret, ok := r.BasicAuth()
	if !ok || id != bed.SecureUser || secret != bed.SecurePassword || r.FormValue("grant_type") != "client_credentials" {
		http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
		return
	}
	part := func(value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			panic(err) // what is given here has a JSON form
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	now := time.Now()
	token := part(map[string]string{"alg": "none"}) + "." +
		part(map[string]any{"sub": id, "iat": now.Unix(), "exp": now.Add(lasts).Unix()}) + "."
	e.mu.Lock()
	e.given = token
	e.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	// The kernel's buffer takes it; what a client that has gone misses is nobody's loss.
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": lasts.Seconds()})
}
