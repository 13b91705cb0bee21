package security

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// endpoint is a token endpoint that counts what it answers.
type endpoint struct {
	*httptest.Server
	asked  int
	answer func(w http.ResponseWriter, n int)
}

func newEndpoint(t *testing.T, answer func(http.ResponseWriter, int)) *endpoint {
	e := &endpoint{answer: answer}
	e.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, ok := r.BasicAuth()
		if !ok {
			id, secret = r.FormValue("client_id"), r.FormValue("client_secret") // the library's second try
		}
		if id != "adapter" || secret != "secret" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "kafka lag" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		e.asked++
		w.Header().Set("Content-Type", "application/json")
		answer(w, e.asked)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) source(files folder) *Source {
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Certificate().Raw}))
	return New(&config.TLS{}, &config.SASL{Mechanism: config.OAuthBearer, OAuth: &config.OAuth{TokenURL: e.URL, ClientID: "adapter",
		ClientSecretFile: files.write("secret", "secret\n"), Scopes: []string{"kafka", "lag"}, CAFile: files.write("ca", ca),
		Extensions: map[string]string{"logicalCluster": "lkc"}}})
}

func lasting(seconds int) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, n int) {
		fmt.Fprintf(w, `{"access_token": "token-%d", "token_type": "Bearer", "expires_in": %d}`, n, seconds)
	}
}

func TestOAuth(t *testing.T) {
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, int)
		want   string // the token that the third connection shows
	}{
		{"one token serves all connections", lasting(3600), "token-1"},
		{"a token that is about to expire isn't used again", lasting(int(refreshEarly / time.Second)), "token-3"},
		{"a token of unknown life isn't kept", func(w http.ResponseWriter, n int) { fmt.Fprintf(w, `{"access_token": "token-%d"}`, n) }, "token-3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := newEndpoint(t, test.answer).source(newFolder(t))
			var token *sarama.AccessToken
			for range 3 { // rounds, with a connection each
				conf, _ := mustApply(t, source)
				var err error
				if token, err = conf.Net.SASL.TokenProvider.Token(); err != nil {
					t.Fatal(err)
				}
			}
			if token.Token != test.want || token.Extensions["logicalCluster"] != "lkc" {
				t.Errorf("got %+v, want %s", token, test.want)
			}
		})
	}
}

func TestAConnectionSaysThatItWaitsForAToken(t *testing.T) {
	release := make(chan struct{})
	e := newEndpoint(t, func(w http.ResponseWriter, n int) { <-release; lasting(3600)(w, n) })
	conf := sarama.NewConfig()
	conf.Net.ReadTimeout = 20 * time.Millisecond
	if _, err := e.source(newFolder(t)).Apply(conf); err != nil {
		t.Fatal(err)
	}
	tokens := conf.Net.SASL.TokenProvider
	for range 2 { // connections, neither of which starts over
		if _, err := tokens.Token(); err == nil || err.Error() != "sasl.oauth.tokenURL: "+e.URL+": no token in time" {
			t.Errorf("got %v", err)
		}
	}
	close(release)
	for token, err := tokens.Token(); err != nil || token.Token != "token-1"; token, err = tokens.Token() {
		if err == nil {
			t.Fatalf("got %s, want the one under way", token.Token)
		}
	}
}

func TestARenewedClientSecretGetsANewToken(t *testing.T) {
	e, files := newEndpoint(t, lasting(3600)), newFolder(t)
	source := e.source(files)
	conf, _ := mustApply(t, source)
	if _, err := conf.Net.SASL.TokenProvider.Token(); err != nil {
		t.Fatal(err)
	}
	files.write("secret", "other")
	conf, _ = mustApply(t, source)
	if _, err := conf.Net.SASL.TokenProvider.Token(); err == nil || !strings.Contains(err.Error(), "418") {
		t.Errorf("got %v, want what the endpoint says of the new secret", err)
	}
}

func TestWhatATokenEndpointSaysIsConstant(t *testing.T) {
	status := func(code int, body string) func(http.ResponseWriter, int) {
		return func(w http.ResponseWriter, n int) {
			w.Header().Set("Location", "https://example.com/elsewhere")
			w.WriteHeader(code)
			fmt.Fprintf(w, body, n)
		}
	}
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, int)
		want   string
	}{
		{"a refusal", status(401, `{"error": "invalid_client", "error_description": "trace %d"}`), "401 Unauthorized invalid_client"},
		{"a redirection is not followed", status(307, `%d`), "307 Temporary Redirect"},
		{"an answer without a token", status(200, `{"n": %d}`), "missing access_token"},
		{"an answer that is no JSON", status(200, `x %d`), "cannot parse json"},
		{"a broken connection", func(http.ResponseWriter, int) { panic(http.ErrAbortHandler) }, "the connection was closed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := newEndpoint(t, test.answer)
			conf, _ := mustApply(t, e.source(newFolder(t)))
			seen := map[string]bool{}
			for range 3 {
				_, err := conf.Net.SASL.TokenProvider.Token()
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "sasl.oauth.tokenURL: "+e.URL) {
					t.Fatalf("got %v, want %q", err, test.want)
				}
				seen[err.Error()] = true
			}
			if len(seen) != 1 {
				t.Errorf("the text changes: %v", seen)
			}
		})
	}
}

// setCredentials takes away whatever credentials the machine has.
func setCredentials(t *testing.T, env map[string]string) {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	for name, value := range env {
		t.Setenv(name, value)
	}
}

func TestMSK(t *testing.T) {
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "hidden"}
	assumed := func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("Action") != "AssumeRole" || r.FormValue("RoleArn") != "arn:aws:iam::1:role/lag" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error><RequestId>1</RequestId></ErrorResponse>`)
			return
		}
		fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKIDROLE</AccessKeyId><SecretAccessKey>x</SecretAccessKey>
			<SessionToken>session</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}
	tests := []struct {
		name string
		env  map[string]string
		role string
		want string // in the token, or in the error
		fail bool
	}{
		{"the environment's credentials", keys, "", "X-Amz-Credential=AKIDENV", false},
		{"a role assumed with them", keys, "arn:aws:iam::1:role/lag", "X-Amz-Credential=AKIDROLE", false},
		{"a role that may not be assumed", keys, "arn:aws:iam::1:role/other", "AccessDenied: not you", true},
		{"no credentials at all", nil, "", "sasl.aws: no credentials: ", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			service := httptest.NewServer(http.HandlerFunc(assumed))
			defer service.Close()
			setCredentials(t, test.env)
			t.Setenv("AWS_ENDPOINT_URL_STS", service.URL)
			conf, _ := mustApply(t, New(&config.TLS{}, &config.SASL{Mechanism: config.AWSMSKIAM, AWS: &config.AWS{Region: "eu-central-1", RoleARN: test.role}}))
			token, err := conf.Net.SASL.TokenProvider.Token()
			if test.fail {
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "RequestID") {
					t.Errorf("got %v, want %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			signed, err := base64.RawURLEncoding.DecodeString(token.Token)
			if err != nil {
				t.Fatal(err)
			}
			address, err := url.Parse(string(signed))
			if err != nil || address.Host != "kafka.eu-central-1.amazonaws.com" || !strings.Contains(string(signed), test.want) || strings.Contains(string(signed), "hidden") {
				t.Errorf("got %s (%v), want %s", signed, err, test.want)
			}
			if again, err := conf.Net.SASL.TokenProvider.Token(); err != nil || again.Token != token.Token {
				t.Errorf("the next connection gets another token (%v)", err)
			}
		})
	}
}
